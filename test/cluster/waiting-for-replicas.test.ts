import { expect } from 'chai';
import { Redis } from 'ioredis';
import { createStorage } from '../../src/adapters/redis/create-storage.js';
import { Keys } from '../../src/adapters/redis/keys.js';
import type { SessionRef } from '../../src/application/ports/session-repository.js';
import { StorageUnavailable, type Storage } from '../../src/application/ports/storage.js';
import { createTask, signIn, updateTask } from '../../src/storage-contract/builders.js';
import { concurrently } from '../../src/storage-contract/concurrency.js';
import { RecordedLog } from '../support/recorded-log.js';
import { RedisCluster } from '../support/redis-cluster.js';
import type { RedisServer } from '../support/redis-server.js';
import { SettableClock } from '../../src/storage-contract/settable-clock.js';
import { waitForStorage } from '../support/wait-for-storage.js';

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
    storage = await waitForStorage(await createStorage({ clock, log: new RecordedLog(), redis }));
  });
  afterEach(() => storage.close());

  let owners = 0;
  const newOwner = async (): Promise<SessionRef> =>
    (await signIn(storage, new SettableClock(), {}, `owner-${++owners}`)).ref;

  const tasksOf = ({ userId }: SessionRef): string => keys.ofUser(userId).tasks;

  /** A connection over which the replica of the user's master can be read. */
  async function copyOf(owner: SessionRef): Promise<Redis> {
    const replica = await cluster.replicaOf(await cluster.masterOf(tasksOf(owner)));
    const redis = replicas.get(replica) ?? new Redis(replica.port, { readOnly: true });
    replicas.set(replica, redis);
    await redis.ping();
    return redis;
  }

  it('has reached the replica when it is acknowledged, with many concurrent writes', async () => {
    const found = await concurrently(20, async () => {
      const owner = await newOwner();
      const copy = await copyOf(owner);
      return concurrently(20, async () => {
        const { id } = await createTask(storage, owner);
        return copy.zcount(tasksOf(owner), id, id);
      });
    });
    expect(new Set(found.flat())).to.deep.equal(new Set([1]));
  });

  it('fails in time while the replica hangs; reads work; later writes are confirmed', async () => {
    const owner = await newOwner();
    const { id } = await createTask(storage, owner);
    const replica = await cluster.replicaOf(await cluster.masterOf(tasksOf(owner)));
    await frozen(replica, async () => {
      const begun = Date.now();
      const writes = concurrently(50, () => createTask(storage, owner).catch(rejected));
      await storage.tasks.find(owner, id);
      expect(Date.now() - begun).to.be.below(250);
      expect(new Set(await writes)).to.deep.equal(new Set(['no replica']));
      expect(await createTask(storage, owner).catch(rejected)).to.equal('no replica');
      expect(Date.now() - begun).to.be.below(2_000);
    });
    const { id: later } = await createTask(storage, owner);
    expect(await (await copyOf(owner)).zcount(tasksOf(owner), later, later)).to.equal(1);
  });

  it('waits for the replicas of the master to which its slot has moved', async () => {
    const owner = await newOwner();
    await createTask(storage, owner);
    await cluster.migrateSlotOf(tasksOf(owner));
    const replica = await cluster.replicaOf(await cluster.masterOf(tasksOf(owner)));
    await frozen(replica, async () => {
      expect(await updateTask(storage, owner, 1, { title: 'new' }).catch(rejected)).to.equal('no replica');
    });
    expect(await updateTask(storage, owner, 1, { title: 'newer' })).to.include({ title: 'newer' });
  });

  it('waits for the replicas of the master to which its slot is moving', async () => {
    // A script gets a response in a slot that is moving only where all of its keys are.
    const owner = await newOwner();
    const { id } = await createTask(storage, owner);
    await cluster.migrateSlotOf(tasksOf(owner), async (target) => {
      await frozen(await cluster.replicaOf(target), async () => {
        expect(await updateTask(storage, owner, id, { title: 'new' }).catch(rejected)).to.equal('no replica');
      });
      expect(await updateTask(storage, owner, id, { title: 'newer' })).to.include({ title: 'newer' });
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

/** Why the storage rejected; throws whatever else is thrown. */
function rejected(error: unknown): string {
  if (error instanceof StorageUnavailable) return error.reason;
  throw error;
}
