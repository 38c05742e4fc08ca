import { expect } from 'chai';
import { Redis } from 'ioredis';
import { Keys } from '../../../src/adapters/redis/keys.js';
import type { RedisSettings } from '../../../src/adapters/redis/connection/redis-settings.js';
import { StorageUnavailable, UnknownLayout, type Storage } from '../../../src/application/ports/storage.js';
import {
  addUser,
  aNewUser,
  createTask,
  refTo,
  signIn,
  updateTask,
} from '../../../src/storage-contract/builders.js';
import { concurrently } from '../../../src/storage-contract/concurrency.js';
import { RecordedLog } from '../../support/recorded-log.js';
import { RedisServer } from '../../support/redis-server.js';
import { openRedisStorage } from '../../support/redis-storage.js';
import { SettableClock } from '../../../src/storage-contract/settable-clock.js';
import { stopAfterEach } from '../../support/stop-after-each.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { waitForStorage } from '../../support/wait-for-storage.js';
import { waitFor } from '../../support/wait-for.js';

const keys = new Keys('test:');

/** What the database has in place of our layout, together with a user. */
const others: Record<string, (redis: Redis) => Promise<unknown>> = {
  'no layout': (redis) => redis.del(keys.layout),
  'layout 2': (redis) => redis.set(keys.layout, 2),
  'a layout that is no number': (redis) => redis.set(keys.layout, 'x'),
  'a layout that is no text': async (redis) => {
    await redis.del(keys.layout);
    await redis.lpush(keys.layout, 1);
  },
};

describe('the layout of the data in Redis', () => {
  const stopped = stopAfterEach();
  const clock = new SettableClock();
  let server: RedisServer;
  let redis: Redis;

  const startRedis = async (...args: string[]): Promise<[RedisServer, Redis]> => {
    const started = stopped(await RedisServer.start({ args }));
    const client = new Redis(started.port);
    stopped({ stop: async () => client.disconnect() });
    return [started, client];
  };
  const open = async (given: Partial<RedisSettings> = {}, log = new RecordedLog()): Promise<Storage> => {
    const storage = await openRedisStorage(server, { clock: clock.now, log }, given);
    stopped({ stop: () => storage.close() });
    return storage;
  };
  const everything = async (of = redis): Promise<readonly unknown[]> =>
    Promise.all((await of.keys('*')).toSorted().map(async (key) => [key, await of.dumpBuffer(key)]));

  beforeEach(async () => {
    [server, redis] = await startRedis();
  });

  it('is written to an empty database', async () => {
    await open();
    expect(await redis.get(keys.layout)).to.equal('1');
  });

  it('is the same for servers that start concurrently on an empty database', async () => {
    const storages = await concurrently(10, () => open());
    await Promise.all(storages.map((storage, i) => addUser(storage, { username: `user-${i}` })));
    expect(await redis.get(keys.layout)).to.equal('1');
  });

  it('is written with the first user after the database was emptied', async () => {
    const storage = await open();
    await redis.flushall();
    await addUser(storage);
    expect(await redis.get(keys.layout)).to.equal('1');
    expect(await (await open()).users.findByName('alice')).to.include({ id: 1 });
  });

  it('is independent of data with other prefixes', async () => {
    await redis.mset('other:layout', 2, 'other:user-ids', 7, 'user-ids', 7);
    await open();
  });

  for (const [what, write] of Object.entries(others)) {
    it(`is rejected at the start, and nothing is changed: ${what}`, async () => {
      await addUser(await open());
      await write(redis);
      const before = await everything();
      const error: unknown = await open().catch((reason: unknown) => reason);
      expect(error).to.be.instanceOf(UnknownLayout);
      expect(error)
        .to.have.property('advice')
        .that.matches(/: go on with that, or use another database/);
      expect(await everything()).to.deep.equal(before);
    });

    it(`is rejected at a reconnect until it is right again: ${what}`, async () => {
      const proxy = stopped(await TcpProxy.start(server.port));
      const log = new RecordedLog();
      const storage = await open({ hosts: [{ host: '127.0.0.1', port: proxy.port }] }, log);
      const user = await addUser(storage);
      const [otherServer, other] = await startRedis();
      await other.mset(keys.layout, 1, keys.userIds, 7);
      await write(other);
      const before = await everything(other);

      proxy.leadTo(otherServer.port);
      await redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes').catch(() => undefined);
      await waitFor('it is rejected', async () =>
        log.lines.some(({ message }) => /\(data (?:of|without)/.test(message)),
      );
      const calls = [createTask(storage, refTo(user)), storage.users.add(aNewUser()), storage.check()];
      for (const call of calls) {
        expect(await call.catch((error: unknown) => error)).to.be.instanceOf(StorageUnavailable);
      }
      expect(await everything(other)).to.deep.equal(before);

      await other.del(keys.layout);
      await other.set(keys.layout, 1);
      await waitForStorage(storage);
      expect(await storage.users.add(aNewUser())).to.include({ id: 8 });
    });
  }

  it('is checked on a Cluster too', async () => {
    [server, redis] = await startRedis('--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1');
    await redis.cluster('ADDSLOTSRANGE', 0, 16_383);
    await waitFor('the Cluster serves', async () =>
      (await redis.cluster('INFO')).includes('cluster_state:ok'),
    );
    const storage = await open({ mode: 'cluster' });
    await addUser(storage);
    await redis.set(keys.layout, 2);
    expect(await open({ mode: 'cluster' }).catch((error: unknown) => error)).to.be.instanceOf(UnknownLayout);

    await redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await waitFor('it is rejected after a reconnect', async () =>
      storage.users.find(1).then(
        () => false,
        (error: unknown) => error instanceof StorageUnavailable && error.reason === 'data of layout 2',
      ),
    );
    await redis.set(keys.layout, 1);
    await waitForStorage(storage);
  });

  it('may have more keys and fields than this version knows, which are kept', async () => {
    const storage = await open();
    const { user, ref } = await signIn(storage, clock);
    const { account, tasks, taskCounts } = keys.ofUser(user.id);
    const task = await createTask(storage, ref);
    await redis.hset(account, 'locale', 'en');
    await redis.hset(taskCounts, 'done', 7);
    await redis.set('test:{u:1}:lists', 'x');
    await redis.zremrangebyscore(tasks, 1, 1);
    await redis.zadd(tasks, 1, '1\0pending\0Milk\0Two litres\0due 2027\0red');

    expect(await storage.users.find(user.id)).to.deep.equal(user);
    expect(await storage.tasks.find(ref, 1)).to.deep.equal(task);
    expect((await storage.tasks.list(ref, { after: 0, limit: 10 })).tasks).to.deep.equal([task]);
    const updated = await updateTask(storage, ref, 1, { title: 'Tea', status: 'completed' });
    expect(updated).to.deep.equal({ ...task, title: 'Tea', status: 'completed' });
    expect(await redis.zrange(tasks, 0, '-1')).to.deep.equal([
      '1\0completed\0Tea\0Two litres\0due 2027\0red',
    ]);
    const { revision, ...counts } = await redis.hgetall(taskCounts);
    expect(counts).to.deep.equal({ last: '1', bytes: '13', done: '7' });
    expect(Number(revision)).to.equal((await storage.tasks.summary(ref)).revision);
    await storage.tasks.remove(ref, 1);
    expect(await redis.hget(taskCounts, 'bytes')).to.equal('0');
  });
});
