import type { Clock } from '../../src/application/ports/environment.js';
import { appending, RedisServer } from './redis-server.js';
import { RunningServer } from './running-server.js';

type Start = (environment?: Readonly<Record<string, string>>, clock?: Clock) => Promise<RunningServer>;

/** Defines a suite once for each storage; `start` starts a server on it. */
export function withEachStorage(suite: (start: Start) => void): void {
  describe('with the storage in memory', () => suite((...settings) => RunningServer.start(...settings)));

  describe('with the storage in Redis', () => {
    let redis: RedisServer;
    before(async () => {
      redis = await RedisServer.start(appending);
    });
    suite((environment, clock) =>
      RunningServer.start({ STORAGE: 'redis', REDIS_URL: redis.url, ...environment }, clock),
    );
    after(() => redis.stop());
  });
}
