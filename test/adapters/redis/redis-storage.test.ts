import { expect } from 'chai';
import { Redis } from 'ioredis';
import { randomId } from '../../../src/adapters/crypto/random-id.js';
import { Keys } from '../../../src/adapters/redis/keys.js';
import type { RedisSettings } from '../../../src/adapters/redis/connection/redis-settings.js';
import type { Storage, StorageOptions } from '../../../src/application/ports/storage.js';
import {
  aDraft,
  aGenerationAt,
  aNewUser,
  aSessionOf,
  addUser,
  createTask,
  openSession,
  presented,
  refTo,
  rotation,
  signIn,
  updateTask,
} from '../../../src/storage-contract/builders.js';
import { concurrently } from '../../../src/storage-contract/concurrency.js';
import { storageContract } from '../../../src/storage-contract/storage-contract.js';
import { RecordedLog } from '../../support/recorded-log.js';
import { RedisServer } from '../../support/redis-server.js';
import { openRedisStorage } from '../../support/redis-storage.js';
import { rejectionOf } from '../../support/rejection.js';
import { SettableClock } from '../../../src/storage-contract/settable-clock.js';
import { roundRobin } from '../../support/round-robin.js';

const allByTitle = {
  order: { by: 'title', descending: false },
  offset: 0,
  limit: 1000,
  count: true,
} as const;

describe('Redis storage', () => {
  let server: RedisServer;
  before(async () => {
    server = await RedisServer.start();
  });
  after(() => server.stop());

  let prefixes = 0;
  const unusedPrefix = (): string => `test${++prefixes}:`;
  const open = (options: StorageOptions, given: Partial<RedisSettings> = {}): Promise<Storage> =>
    openRedisStorage(server, options, { keyPrefix: unusedPrefix(), ...given });

  storageContract(open);

  describe('used through two connections', () => {
    storageContract(async (options) => {
      const keyPrefix = unusedPrefix();
      return roundRobin([await open(options, { keyPrefix }), await open(options, { keyPrefix })]);
    });
  });

  describe('in detail', () => {
    let clock: SettableClock;
    let keyPrefix: string;
    let keys: Keys;
    let redis: Redis;
    let storage: Storage;

    beforeEach(async () => {
      clock = new SettableClock();
      keyPrefix = unusedPrefix();
      keys = new Keys(keyPrefix);
      redis = new Redis(server.port);
      storage = await open({ clock: clock.now, log: new RecordedLog() }, { keyPrefix });
    });
    afterEach(async () => {
      await Promise.all([storage.close(), redis.quit()]);
    });

    /** All keys except the layout and the probes of the health check. */
    const everyKey = async (): Promise<string[]> =>
      (await redis.keys(`${keyPrefix}*`)).filter((key) => key !== keys.layout && !key.endsWith(':probe'));

    /** Without keys that expire within seconds. */
    const lastingKeys = async (): Promise<string[]> => {
      const found = await everyKey();
      const lifetimes = await Promise.all(found.map((key) => redis.ttl(key)));
      return found.filter((_, index) => lifetimes[index] === -1 || Number(lifetimes[index]) > 10);
    };

    it('keeps everything of one user under keys with one hash tag', async () => {
      const { user, ref } = await signIn(storage, clock);
      const { id } = await createTask(storage, ref);
      const idempotency = { key: 'key', fingerprint: 'fingerprint' };
      await createTask(storage, ref, aDraft(), { idempotency });
      await storage.tasks.remove(ref, id);
      await storage.sessions.adopt(aSessionOf(user, clock, { id: 'adopted' }));
      const ofUser = (await everyKey()).filter(
        (key) => key !== keys.userIds && key !== keys.username('alice'),
      );
      expect(ofUser).to.include.members(Object.values(keys.ofUser(user.id)));
      for (const key of ofUser) expect(key).to.contain(`{u:${user.id}}`);
    });

    it('leaves no data of a removed user', async () => {
      const { user, ref } = await signIn(storage, clock);
      const { id } = await createTask(storage, ref);
      await updateTask(storage, ref, id, { title: 'new' });
      await storage.sessions.adopt(aSessionOf(user, clock, { id: 'adopted' }));
      await storage.users.remove(user.id);
      expect(await lastingKeys()).to.deep.equal([keys.userIds]);
    });

    it('leaves no record of registrations that lost a name', async () => {
      await concurrently(20, () => storage.users.add(aNewUser()));
      const winner = await storage.users.findByName('alice');
      const { account } = keys.ofUser(winner?.id ?? 0);
      expect(await lastingKeys()).to.have.members([keys.userIds, keys.username('alice'), account]);
    });

    it('ignores an account that a crash left without its name, and lets the name be registered', async () => {
      await addUser(storage);
      const id = await redis.incr(keys.userIds);
      await redis.hset(keys.ofUser(id).account, { username: 'bob', password: 'hash', active: 1, created: 0 });

      expect(await storage.users.findByName('bob')).to.equal(undefined);
      expect(await storage.users.list({ after: 0, limit: 10 })).to.have.length(1);
      const bob = await addUser(storage, { username: 'bob' });
      expect(await storage.users.findByName('bob')).to.deep.equal(bob);
      const listed = await storage.users.list({ after: 0, limit: 10 });
      expect(listed.map(({ username }) => username)).to.deep.equal(['alice', 'bob']);
    });

    it('lets a name be registered that an interrupted deletion left behind', async () => {
      const { user, session } = await signIn(storage, clock);
      await redis.del(Object.values(keys.ofUser(user.id)));

      expect(await storage.users.findByName('alice')).to.equal(undefined);
      expect(await storage.sessions.find(refTo(user, session.id))).to.equal(undefined);
      expect(await storage.users.remove(user.id)).to.equal(false);
      const added = await concurrently(20, () => storage.users.add(aNewUser()));
      const [alice, ...more] = added.filter((each) => each !== undefined);
      expect(more).to.deep.equal([]);
      expect(await storage.users.findByName('alice')).to.deep.equal(alice);
      expect(await lastingKeys()).to.have.members([
        keys.userIds,
        keys.username('alice'),
        keys.ofUser(alice?.id ?? 0).account,
      ]);
    });

    it('finds no account of another name, even if the counter of ids fell back', async () => {
      await redis.set(keys.username('alice'), 1);
      const bob = await addUser(storage, { username: 'bob' });
      expect(bob.id).to.equal(1);
      expect(await storage.users.findByName('alice')).to.equal(undefined);
      expect(await addUser(storage)).to.include({ username: 'alice', id: 2 });
      expect(await storage.users.findByName('bob')).to.deep.equal(bob);
    });

    const readable = () => `${(clock.now() - 9).toString(36)} ${(clock.now() + 100).toString(36)} id@0`;

    describe('treats an unreadable session as ended', () => {
      it('but a readable session as active', async () => {
        const user = await addUser(storage);
        await redis.hset(keys.ofUser(user.id).sessions, { odd: readable() });
        expect(await storage.sessions.find(refTo(user, 'odd'))).to.include({ id: 'odd', userId: user.id });
        expect(await createTask(storage, refTo(user, 'odd'))).to.include({ id: 1 });
      });

      for (const [what, textOf] of [
        ['empty', () => ''],
        ['one word', () => 'garbage'],
        ['words', () => 'garbage garbage garbage garbage'],
        ['JSON', () => '{"expiresAt":99999999999}'],
        ['bytes that are no UTF-8', () => Buffer.from([0, 255, 32, 254, 64, 0])],
        ['as it was without a time of use', () => readable().replace('@0', '')],
        ['cut off', () => readable().slice(0, -1)],
        ['cut off before its token', () => `${readable().split(' ', 2).join(' ')}@0`],
        ['of numbers that are no times', () => readable().replace(/ \w+ /, ' zzzzzzzzzzzzzzzzzzzzzzzz ')],
        ['without a time of opening', () => readable().replace(/^\w+/, '-')],
      ] as const) {
        it(`where it is ${what}; its owner signs in, and it is gone`, async () => {
          const { user, session } = await signIn(storage, clock);
          const { sessions } = keys.ofUser(user.id);
          await redis.hset(sessions, 'odd', textOf());

          expect(await storage.sessions.find(refTo(user, 'odd'))).to.equal(undefined);
          expect(await storage.sessions.list(refTo(user))).to.deep.equal([session]);
          const next = aGenerationAt(clock, 'second');
          expect(await storage.sessions.rotate(refTo(user, 'odd'), rotation('id', next))).to.equal('gone');
          await storage.sessions.touch(refTo(user, 'odd'), clock.now());
          const odd = refTo(user, 'odd');
          for (const call of [
            () => createTask(storage, odd),
            () => storage.tasks.find(odd, 1),
            () => storage.tasks.list(odd, { after: 0, limit: 10 }),
            () => storage.tasks.select(odd, allByTitle),
            () => storage.tasks.summary(odd),
            () => updateTask(storage, odd, 1, { title: 'new' }),
            () => storage.tasks.remove(odd, 1),
            () => storage.sessions.list(odd),
            () => storage.sessions.endOther(odd, session.id),
            () => storage.sessions.endAll(odd),
            () => storage.users.changePasswordHash(odd, user.passwordHash, 'new'),
            () => storage.users.removeOwn(odd),
          ]) {
            expect(await rejectionOf(call())).to.equal('token_revoked');
          }
          const another = aSessionOf(user, clock, { id: 'another' });
          expect(await storage.sessions.open(another, user.passwordHash, 2)).to.equal(0);
          expect(await redis.hkeys(sessions)).to.have.members(['session', 'another']);
          expect(await storage.sessions.end(refTo(user, 'odd'))).to.equal(false);
        });
      }

      it('where there is something else in the place of all; their owner signs in', async () => {
        const { user } = await signIn(storage, clock);
        const { sessions } = keys.ofUser(user.id);
        await redis.set(sessions, 'garbage');
        await openSession(storage, aSessionOf(user, clock, { id: 'another' }), user);
        expect((await storage.sessions.list(refTo(user, 'another'))).map(({ id }) => id)).to.deep.equal([
          'another',
        ]);
      });
    });

    it('stops selecting tasks when the session ends', async () => {
      const { ref } = await signIn(storage, clock);
      await concurrently(1500, () => createTask(storage, ref));
      const selecting = rejectionOf(storage.tasks.select(ref, allByTitle));
      await storage.sessions.end(ref);
      expect(await selecting).to.equal('token_revoked');
    });

    it('counts data from before there were revisions as never changed', async () => {
      const { user, ref } = await signIn(storage, clock);
      const task = await createTask(storage, ref);
      const { taskCounts } = keys.ofUser(user.id);
      await redis.hdel(taskCounts, 'revision');
      expect(await storage.tasks.list(ref, { after: 0, limit: 10 })).to.include({ revision: 0, total: 1 });
      await updateTask(storage, ref, task.id, { status: 'completed' });
      expect((await storage.tasks.summary(ref)).revision).to.be.above(0);
    });

    it('stores a rotating session in few bytes once there is no token to remember', async () => {
      const { user, session } = await signIn(storage, clock, { current: aGenerationAt(clock, randomId()) });
      const { sessions } = keys.ofUser(user.id);
      const length = async () => Buffer.byteLength((await redis.hget(sessions, session.id)) ?? '');
      let from = session.current.id;
      for (let step = 0; step < 100; step++) {
        clock.advance(5);
        const next = aGenerationAt(clock, randomId());
        await storage.sessions.rotate(refTo(user, session.id), {
          presented: presented(from),
          next,
          grace: 86_400,
        });
        from = next.id;
      }
      expect(await length()).to.be.within(2000, 2600);
      clock.advance(3000);
      const next = aGenerationAt(clock, randomId());
      await storage.sessions.rotate(refTo(user, session.id), { presented: presented(from), next, grace: 10 });
      expect(await length()).to.be.below(100);
    });

    it('stores the sessions of a user in one listpack while they do not rotate', async () => {
      const user = await addUser(storage);
      const { sessions } = keys.ofUser(user.id);
      const addresses = ['255.255.255.255', '2001:db8:aaaa:bbbb::/64'];
      for (const [index, address] of addresses.entries()) {
        const id = randomId();
        const current = aGenerationAt(clock, randomId(), 30 * 24 * 3600);
        await openSession(storage, aSessionOf(user, clock, { id, current, address }), user);
        await storage.sessions.touch(refTo(user, id), clock.now() + 30 * 24 * 3600 - index);
      }
      expect(await redis.object('ENCODING', sessions)).to.equal('listpack');
      for (const text of await redis.hvals(sessions)) expect(Buffer.byteLength(text)).to.be.at.most(64);
    });

    it('remembers an idempotency key for a day, in the slot of its user and in few bytes', async () => {
      const { user, ref } = await signIn(storage, clock);
      const idempotency = { key: 'k'.repeat(43), fingerprint: 'f'.repeat(43) };
      await createTask(storage, ref, aDraft(), { idempotency });
      const key = keys.request(user.id, idempotency.key);
      expect(key).to.contain(`{u:${user.id}}`);
      expect(await redis.ttl(key)).to.be.within(86_300, 86_400);
      expect(await redis.memory('USAGE', key)).to.be.below(250);
    });

    it('lets Redis expire the sessions of a user with the last of them', async () => {
      const { user } = await signIn(storage, clock);
      const { sessions } = keys.ofUser(user.id);
      const lifetime = (): Promise<number> => redis.ttl(sessions);
      expect(await lifetime()).to.be.within(3500, 3601);

      const brief = aSessionOf(user, clock, { id: 'brief', current: aGenerationAt(clock, 'first', 60) });
      await openSession(storage, brief, user);
      expect(await lifetime()).to.be.within(3500, 3601);

      await storage.sessions.rotate(refTo(user, 'brief'), {
        presented: presented('first'),
        next: aGenerationAt(clock, 'second', 7200),
        grace: 0,
      });
      expect(await lifetime()).to.be.within(7100, 7201);
    });

    it('drops the expired sessions of a user at the next sign-in', async () => {
      const { user } = await signIn(storage, clock);
      for (const id of ['brief', 'short']) {
        const current = aGenerationAt(clock, 'first', 60);
        await openSession(storage, aSessionOf(user, clock, { id, current }), user);
      }
      clock.advance(60);
      await openSession(storage, aSessionOf(user, clock, { id: 'new' }), user);
      expect(await redis.hkeys(keys.ofUser(user.id).sessions)).to.have.members(['session', 'new']);
    });

    it('works on when Redis has forgotten the scripts', async () => {
      await redis.script('FLUSH');
      const { ref } = await signIn(storage, clock);
      await redis.script('FLUSH');
      const { id } = await createTask(storage, ref);
      await redis.script('FLUSH');
      expect(await updateTask(storage, ref, id, { title: 'new' })).to.include({ id, title: 'new' });
      await redis.script('FLUSH');
      expect(await storage.sessions.end(ref)).to.equal(true);
    });

    it('keeps nothing of an attempt in clear before its limit is reached, and then until the counter expires', async () => {
      const limit = { attempts: 2, period: 40 };
      const subject = { limit: 'sign_in', network: '192.0.2.7', username: 'xavier' } as const; // No id has these letters.
      const attempt = () => storage.rateLimiter.consume('key', limit, subject);
      const { counted } = keys.ofRateLimiter('key');
      await attempt();
      await attempt();
      expect(await redis.hgetall(counted)).to.have.keys('count', 'at');
      await attempt();
      expect(await redis.hget(counted, 'subject')).to.equal(JSON.stringify(subject));
      const inClear = (await everyKey()).filter((key) => key.includes('xavier'));
      expect(inClear).to.deep.equal([]);
      expect(await redis.ttl(counted)).to.be.within(1, limit.period);

      clock.advance(limit.period);
      await attempt();
      expect(await redis.hgetall(counted)).to.have.keys('count', 'at');
    });

    it('lists the limits that were reached under its own prefix, whatever characters are in it', async () => {
      const limit = { attempts: 1, period: 40 };
      const subject = { limit: 'refresh', network: '192.0.2.7' } as const;
      const odd = await open({ clock: clock.now, log: new RecordedLog() }, { keyPrefix: 'odd[^a]?*\\\\:' });
      for (const each of [odd, storage]) {
        for (let i = 0; i < 2; i++) await each.rateLimiter.consume('one', limit, subject);
        expect(new Set(await allReached(each))).to.deep.equal(new Set(['one']));
      }
      await odd.close();
    });

    it('rejects a list with a subject that cannot be read', async () => {
      const { counted } = keys.ofRateLimiter('key');
      for (const text of ['garbage', '{"limit":"other"}', 'null']) {
        await redis.hset(counted, { count: 1, at: 0, subject: text });
        expect(await allReached(storage).catch((error: unknown) => error)).to.include({
          name: 'UnreadableData',
          key: counted,
        });
      }
    });

    it('ignores keys with another prefix', async () => {
      const bystander = `${unusedPrefix()}{u:1}:account`;
      await redis.hset(bystander, { username: 'alice', password: 'hash', active: 1, created: 0 });
      expect(await storage.users.find(1)).to.equal(undefined);
      expect(await addUser(storage)).to.include({ id: 1, passwordHash: aNewUser().passwordHash });
      expect(await redis.hget(bystander, 'password')).to.equal('hash');
    });
  });
});

describe('Redis storage on a cluster', () => {
  let server: RedisServer;
  let prefixes = 0;
  const open = (options: StorageOptions): Promise<Storage> =>
    openRedisStorage(server, options, { mode: 'cluster', keyPrefix: `test${++prefixes}:` });

  before(async () => {
    // A single node with all slots rejects commands that use several slots, as several nodes would.
    server = await RedisServer.start({
      args: ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1'],
    });
    const redis = new Redis(server.port);
    await redis.cluster('ADDSLOTS', ...Array.from({ length: 16_384 }, (_, slot) => slot));
    await redis.quit();

    // A new Cluster takes two seconds until it is ready.
    const storage = await open({ clock: new SettableClock().now, log: new RecordedLog() });
    await storage.close();
  });
  after(() => server.stop());

  storageContract(open);
});

/** The keys whose limits were reached, of all parts of the list. */
async function allReached({ rateLimiter }: Storage): Promise<string[]> {
  const keys: string[] = [];
  let next: string | undefined;
  do {
    const part = await rateLimiter.listReached(next);
    keys.push(...part.reached.map(({ key }) => key));
    ({ next } = part);
  } while (next !== undefined);
  return keys;
}
