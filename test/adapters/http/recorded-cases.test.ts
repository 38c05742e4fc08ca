import { expect } from 'chai';
import { RedisServer } from '../../support/redis-server.js';
import { RunningServer } from '../../support/running-server.js';
import { respondsAsRecorded, recorded } from './recorded-cases.js';

describe('the recorded cases of the wire contract', () => {
  describe('with the storage in memory', () => respondsAsRecorded(() => RunningServer.start()));

  describe('with the storage in Redis', () => {
    let redis: RedisServer;
    before(async () => {
      redis = await RedisServer.start();
    });
    after(() => redis.stop());
    respondsAsRecorded(() => RunningServer.start({ STORAGE: 'redis', REDIS_URL: redis.url }));
  });

  it('there are 250 recorded cases of the wire contract', () => {
    expect(recorded).to.have.length(250);
  });
});
