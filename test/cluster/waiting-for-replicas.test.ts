import { expect } from 'chai';
import { Redis } from 'ioredis';
import { createStorage } from '../../src/adapters/redis/create-storage.js';
import { Keys } from '../../src/adapters/redis/keys.js';
import { StorageUnavailable, type Storage } from '../../src/application/ports.js';
import { aDraft, signIn } from '../contracts/builders.js';
import { concurrently } from '../contracts/concurrency.js';
import { RecordedLog } from '../support/recorded-log.js';
import { RedisCluster } from '../support/redis-cluster.js';
import type { RedisServer } from '../support/redis-server.js';
import { SettableClock } from '../support/settable-clock.js';
import { untilReachable } from '../support/until-reachable.js';

describe('a write that waits for a replica', () => {
  const keys = new Keys('test:');
  let cluster: RedisCluster;
  let storage: Storage;
  const replicas = new Map<RedisServer, Redis>();

  before(async () => {
    cluster = await RedisCluster.start();
  });
  after(async () => {
    for (const replica of replicas.values()) replica.disconnect();
    await cluster.stop();
  });
  beforeEach(async () => {
    const redis = { ...cluster.settings, replicasToWaitFor: 1 };
    const clock = new SettableClock().now;
    storage = await untilReachable(await createStorage({ clock, log: new RecordedLog(), redis }));
  });
  afterEach(() => storage.close());

  const tasksOf = (owner: number): string => keys.ofUser(owner).tasks;

  /** A connection over which the replica of the user's master can be read. */
  async function copyOf(owner: number): Promise<Redis> {
    const replica = await cluster.replicaOf(await cluster.masterOf(tasksOf(owner)));
    const redis = replicas.get(replica) ?? new Redis(replica.port, { readOnly: true });
    replicas.set(replica, redis);
    await redis.ping();
    return redis;
  }

  it('is with the replica when it is acknowledged, of however many at once', async () => {
    const owners = Array.from({ length: 20 }, (_, index) => index + 1);
    const copies = await Promise.all(owners.map(copyOf));
    const found = await concurrently(400, async (index) => {
      const owner = owners[index % owners.length] ?? 0;
      const { id } = await storage.tasks.create(owner, aDraft());
      return copies[index % owners.length]?.zcount(tasksOf(owner), id, id);
    });
    expect(new Set(found)).to.deep.equal(new Set([1]));
  });

  it('is refused in time while the replica hangs; reads are answered at once; later writes are confirmed', async () => {
    const owner = 1;
    const { id } = await storage.tasks.create(owner, aDraft());
    const replica = await cluster.replicaOf(await cluster.masterOf(tasksOf(owner)));
    await frozen(replica, async () => {
      const begun = Date.now();
      const writes = concurrently(50, () => storage.tasks.create(owner, aDraft()).catch(refused));
      await storage.tasks.find(owner, id);
      expect(Date.now() - begun).to.be.below(250);
      expect(new Set(await writes)).to.deep.equal(new Set(['no replica']));
      expect(await storage.tasks.create(owner, aDraft()).catch(refused)).to.equal('no replica');
      expect(Date.now() - begun).to.be.below(2_000);
    });
    const { id: later } = await storage.tasks.create(owner, aDraft());
    expect(await (await copyOf(owner)).zcount(tasksOf(owner), later, later)).to.equal(1);
  });

  it('goes by the replicas of the master to which its slot has moved', async () => {
    const owner = 2;
    await storage.tasks.create(owner, aDraft());
    await cluster.migrateSlotOf(tasksOf(owner));
    const replica = await cluster.replicaOf(await cluster.masterOf(tasksOf(owner)));
    await frozen(replica, async () => {
      expect(await storage.tasks.update(owner, 1, { title: 'new' }).catch(refused)).to.equal('no replica');
    });
    expect(await storage.tasks.update(owner, 1, { title: 'newer' })).to.include({ title: 'newer' });
  });

  it('goes by the replicas of the master to which its slot is moving', async () => {
    // A script is answered in a slot that is moving only where all of its keys are.
    const { id: owner } = (await signIn(storage, new SettableClock())).user;
    const { id } = await storage.tasks.create(owner, aDraft());
    await cluster.migrateSlotOf(tasksOf(owner), async (target) => {
      await frozen(await cluster.replicaOf(target), async () => {
        expect(await storage.tasks.update(owner, id, { title: 'new' }).catch(refused)).to.equal('no replica');
      });
      expect(await storage.tasks.update(owner, id, { title: 'newer' })).to.include({ title: 'newer' });
    });
  });
});

/** Does something while a replica is frozen. */
async function frozen<T>(replica: RedisServer, during: () => Promise<T>): Promise<T> {
  replica.freeze();
  try {
    return await during();
  } finally {
    replica.resume();
  }
}

/** Why the storage refused; throws whatever else is thrown. */
function refused(error: unknown): string {
  if (error instanceof StorageUnavailable) return error.reason;
  throw error;
}
