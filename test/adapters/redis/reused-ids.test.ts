import { expect } from 'chai';
import { Redis } from 'ioredis';
import { Keys } from '../../../src/adapters/redis/keys.js';
import type { SessionRef } from '../../../src/application/ports/session-repository.js';
import type { Storage } from '../../../src/application/ports/storage.js';
import { createStorage } from '../../../src/adapters/redis/create-storage.js';
import { anActOn } from '../../../src/storage-contract/staff-builders.js';
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

  beforeEach(() => redis.flushall());

  /** Makes the first user staff, and then loses their account. Resolves to their id. */
  async function loseAdministrator(): Promise<number> {
    const keys = new Keys(settingsFor(server).keyPrefix);
    const { user } = await signIn(storage, clock, {}, 'ada');
    await storage.staff.add(user.id);
    const { account, sessions } = keys.ofUser(user.id);
    await redis.del(account, sessions, keys.username('ada'), keys.userIds);
    return user.id;
  }

  it('lists nobody who is lost, or who gets their id, so that no export makes them staff', async () => {
    await loseAdministrator();
    expect(await storage.staff.list()).to.deep.equal([]);
    await signIn(storage, clock, {}, 'eve');
    expect(await storage.staff.list()).to.deep.equal([]);
  });

  for (const [how, take] of [
    ['demoted', ({ staff }, { userId }) => staff.remove(userId)],
    ['deactivated', ({ users }, { userId }) => users.deactivate(userId)],
    ['deleted by themselves', ({ users }, ref) => users.removeOwn(ref)],
    [
      'deleted as staff do it',
      ({ staff }, ref) => staff.act(ref, anActOn({ id: ref.userId, username: 'bob' }, 'delete')),
    ],
  ] as readonly [string, (storage: Storage, ref: SessionRef) => Promise<boolean>][]) {
    it(`does not let who is lost stand in for the last one who is staff and is ${how}`, async () => {
      const lost = await loseAdministrator();
      await signIn(storage, clock, {}, 'eve');
      const { ref } = await signIn(storage, clock, {}, 'bob');
      await storage.staff.add(ref.userId);
      expect(await outcomeOf(take(storage, ref))).to.equal('last_administrator');
      expect(await storage.staff.list()).to.deep.equal([ref.userId]);
      expect(ref.userId).not.to.equal(lost);
    });
  }

  it('makes nobody staff who gets the id of somebody who was', async () => {
    const id = await loseAdministrator();
    const { ref } = await signIn(storage, clock, {}, 'eve');
    expect(ref.userId).to.equal(id);
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
    expect(await storage.staff.authorise(ref)).to.include({ userId: id });
    expect(await storage.staff.act(ref, record)).to.equal(true);
  });
});
