import { expect } from 'chai';
import { Redis } from 'ioredis';
import { Keys } from '../../../src/adapters/redis/keys.js';
import type { Storage } from '../../../src/application/ports/storage.js';
import { createStorage } from '../../../src/adapters/redis/create-storage.js';
import { signIn } from '../../../src/storage-contract/builders.js';
import { outcomeOf } from '../../../src/storage-contract/rejection.js';
import { SettableClock } from '../../../src/storage-contract/settable-clock.js';
import { RecordedLog } from '../../support/recorded-log.js';
import { RedisServer } from '../../support/redis-server.js';
import { settingsFor } from '../../support/redis-storage.js';

describe('a failover in a Cluster that loses an account and the counter of ids', () => {
  let server: RedisServer;
  let redis: Redis;
  let storage: Storage;
  const clock = new SettableClock();

  before(async () => {
    server = await RedisServer.start();
    redis = new Redis(server.port);
    const redisSettings = settingsFor(server);
    storage = await createStorage({ clock: clock.now, log: new RecordedLog(), redis: redisSettings });
  });
  after(async () => {
    await storage.close();
    await redis.quit();
    await server.stop();
  });

  it('makes nobody staff who gets the id of somebody who was', async () => {
    const keys = new Keys(settingsFor(server).keyPrefix);
    const { user } = await signIn(storage, clock, {}, 'ada');
    await storage.staff.add(user.id);
    const { account, sessions } = keys.ofUser(user.id);
    await redis.del(account, sessions, keys.username('ada'), keys.userIds);

    const { ref } = await signIn(storage, clock, {}, 'eve');
    expect(ref.userId).to.equal(user.id);
    expect(await outcomeOf(storage.staff.authorise(ref))).to.equal('not_staff');
    const record = {
      at: 0,
      by: 'staff',
      actor: 'eve',
      act: 'end_sessions',
      userId: 1,
      username: 'eve',
    } as const;
    expect(await outcomeOf(storage.staff.act(ref, record))).to.equal('not_staff');

    expect(await storage.staff.add(ref.userId)).to.equal(true);
    expect(await storage.staff.authorise(ref)).to.include({ userId: user.id });
    expect(await storage.staff.act(ref, record)).to.equal(true);
  });
});
