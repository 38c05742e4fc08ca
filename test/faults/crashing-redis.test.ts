import { expect } from 'chai';
import { Load } from '../support/load.js';
import { durable, RedisServer } from '../support/redis-server.js';
import { report } from '../support/report.js';
import { startServerOnRedis } from '../support/server-on-redis.js';
import type { ServerProcess } from '../support/server-process.js';
import { stopAfterEach } from '../support/stop-after-each.js';

/** How often Redis is killed. */
const crashes = 10;

/** Milliseconds within which every request gets a response, and within which service is back once Redis is. */
const deadlines = { request: 1_500, recovery: 2_000 };

describe('under load, a Redis that is killed again and again', () => {
  const stopped = stopAfterEach();

  async function start(args: readonly string[]): Promise<{ redis: RedisServer; server: ServerProcess }> {
    const redis = stopped(await RedisServer.start({ args }));
    const server = await startServerOnRedis(redis.url, stopped);
    return { redis, server };
  }

  it('loses no acknowledged write with appendfsync always, and serves again soon', async () => {
    const { redis, server } = await start(durable.args);
    const users = await Promise.all(Array.from({ length: 20 }, () => server.registerAndSignIn()));
    const load = new Load(server, users);
    const recoveries: number[] = [];
    for (let crash = 0; crash < crashes; crash++) {
      await load.next(users, 2);
      await redis.kill();
      await load.next(users, 1, ({ outcome }) => outcome === 503);
      await redis.restart();
      const backAt = Date.now();
      await load.next(users);
      recoveries.push(Date.now() - backAt);
    }
    await load.stop();

    expect(Math.max(...recoveries)).to.be.below(deadlines.recovery);
    expect(new Set(load.failures.map(({ outcome }) => outcome))).to.deep.equal(new Set([503]));
    const longest = Math.max(...load.exchanges.map(({ startedAt, endedAt }) => endedAt - startedAt));
    expect(longest).to.be.below(deadlines.request);
    expect(await load.lostWrites()).to.deep.equal({ creates: 0, updates: 0 });
    report(
      `${crashes} crashes: ${load.acknowledgedWrites} writes acknowledged, none lost; longest request ${longest} ms`,
      `served everybody again after ${recoveries.join(', ')} ms`,
    );
  });

  it('makes every token invalid once it has lost its data, even if the name is registered again', async () => {
    const { redis, server } = await start(['--save', '']);
    const users = await Promise.all(Array.from({ length: 10 }, () => server.registerAndSignIn()));
    const load = new Load(server, users);
    await load.next(users, 2);
    await redis.restart();
    await load.next(users, 1, ({ outcome }) => outcome === 401);
    await load.stop();
    const statuses = new Set<number>();
    // All of them first, so that every id leads to somebody again.
    for (const { username, password } of users) {
      await server.call('POST', '/tasks/register/', { username, password });
    }
    for (const { access, refresh } of users) {
      for (const response of [
        await server.call('GET', '/tasks/', undefined, access),
        await server.call('POST', '/tasks/create/', { title: 't', description: 'd' }, access),
        await server.call('POST', '/api/token/refresh/', { refresh }),
        await server.call('POST', '/api/logout/', { refresh }),
      ]) {
        statuses.add(response.status);
      }
      for (const token of [access, refresh]) {
        expect((await server.call('POST', '/api/token/verify/', { token })).status).to.equal(400);
      }
    }
    expect(statuses).to.deep.equal(new Set([401]));
  });
});
