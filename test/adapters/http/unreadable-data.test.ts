import { expect } from 'chai';
import { Redis } from 'ioredis';
import { Keys } from '../../../src/adapters/redis/keys.js';
import { expectResponse } from '../../support/responses.js';
import { claimsOf } from '../../support/json-web-token.js';
import { RedisServer } from '../../support/redis-server.js';
import { RunningServer, type SignedIn } from '../../support/running-server.js';

const internalError = { detail: 'Internal server error.' };
const milk = { title: 'Milk', description: 'Two litres' };

describe('unreadable data in Redis', () => {
  const keys = new Keys('hexado:');
  let server: RedisServer;
  let redis: Redis;
  let hexado: RunningServer;
  let user: SignedIn;
  let userId: number;
  let own: ReturnType<Keys['ofUser']>;

  before(async () => {
    server = await RedisServer.start();
    redis = new Redis(server.port);
    hexado = await RunningServer.start({ STORAGE: 'redis', REDIS_URL: server.url });
  });
  after(async () => {
    await hexado.stop();
    redis.disconnect();
    await server.stop();
  });

  beforeEach(async () => {
    user = await hexado.registerAndSignIn();
    userId = Number(claimsOf(user.access)['user_id']);
    own = keys.ofUser(userId);
    for (let i = 0; i < 3; i++) await call('POST', '/tasks/create/', milk);
  });

  const call = (method: string, path: string, body?: object) => hexado.call(method, path, body, user.access);

  const createWithKey = () =>
    hexado.send({
      method: 'POST',
      path: '/tasks/create/',
      headers: {
        Authorization: `Bearer ${user.access}`,
        'Content-Type': 'application/json',
        'Idempotency-Key': 'a',
      },
      body: JSON.stringify(milk),
    });

  const everything = async (): Promise<readonly unknown[]> =>
    Promise.all(
      (await redis.keys(`*{u:${userId}}*`)).toSorted().map(async (key) => [key, await redis.dumpBuffer(key)]),
    );

  /** Expects a 500 that changes no data of the user and logs the key. */
  async function expectUnreadable(key: string, method: string, path: string, body?: object): Promise<void> {
    const before = await everything();
    const lines = hexado.log.length;
    expectResponse(await call(method, path, body), 500, internalError);
    expect(await everything(), `${method} ${path}`).to.deep.equal(before);
    const errors = hexado.log.slice(lines).filter(({ level }) => level === 'error');
    expect(errors.map(({ fields }) => fields['key'])).to.deep.equal([key]);
  }

  const replaceTask = async (id: number, text: string): Promise<void> => {
    await redis.zremrangebyscore(own.tasks, id, id);
    await redis.zadd(own.tasks, id, text);
  };

  const unreadableTasks: Record<string, string> = {
    'that is of another layout': JSON.stringify({ id: 2, ...milk, status: 'pending' }),
    'that is of no layout': 'garbage',
    'that is empty': '',
    'that ends early': '2\0pending\0Milk',
    'without a description': '2\0pending\0Milk\0',
    'without a title': '2\0pending\0\0Two litres',
    'without a status': '2\0\0Milk\0Two litres',
    'with a status that nobody knows': '2\0archived\0Milk\0Two litres',
    'that is another one': '7\0pending\0Milk\0Two litres',
    'with an id that is no number': 'two\0pending\0Milk\0Two litres',
  };
  for (const [what, text] of Object.entries(unreadableTasks)) {
    it(`responds with 500 to requests for a task ${what}, and leaves it unchanged`, async () => {
      await replaceTask(2, text);
      await expectUnreadable(own.tasks, 'GET', '/tasks/2/');
      await expectUnreadable(own.tasks, 'PUT', '/tasks/2/update/', { title: 'Tea' });
      await expectUnreadable(own.tasks, 'PUT', '/tasks/2/update/', {});
      await expectUnreadable(own.tasks, 'DELETE', '/tasks/2/delete/');
      await expectUnreadable(own.tasks, 'GET', '/tasks/');
      await expectUnreadable(own.tasks, 'GET', '/tasks/?limit=3');
      expect((await call('GET', '/tasks/1/')).status).to.equal(200);
      expect((await call('GET', '/tasks/?limit=1')).status).to.equal(200);
      expect((await call('GET', '/tasks/?after=2')).status).to.equal(200);
      expect((await call('PUT', '/tasks/3/update/', { title: 'Tea' })).status).to.equal(200);
    });
  }

  it('aborts a long list at an unreadable task', async () => {
    for (let i = 0; i < 60; i++) {
      await call('POST', '/tasks/create/', { title: 't', description: 'x'.repeat(90_000) });
    }
    await replaceTask(60, 'garbage');
    const error: unknown = await call('GET', '/tasks/').catch((reason: unknown) => reason);
    expect(error).to.include({ code: 'ECONNRESET' });
    expect(hexado.log.at(-1)?.fields).to.include({ route: '/tasks', aborted: true });
    expect(hexado.log.at(-2)?.fields).to.include({ key: own.tasks, score: 'after 59' });
  });

  it('responds with 500 if two tasks have the same id', async () => {
    await redis.zadd(own.tasks, 2, '2\0pending\0Tea\0Green');
    for (const [method, path] of [
      ['GET', '/tasks/2/'],
      ['PUT', '/tasks/2/update/'],
      ['DELETE', '/tasks/2/delete/'],
      ['GET', '/tasks/'],
    ] as const) {
      await expectUnreadable(own.tasks, method, path, method === 'PUT' ? { title: 'x' } : undefined);
    }
  });

  it('rejects new tasks if the counter of ids was reset', async () => {
    await redis.del(own.taskCounts);
    await expectUnreadable(own.tasks, 'POST', '/tasks/create/', milk);
    await redis.hset(own.taskCounts, { last: 2, bytes: 42 });
    await expectUnreadable(own.tasks, 'POST', '/tasks/create/', milk);
    await redis.hset(own.taskCounts, { last: 3, bytes: 42 });
    expect((await call('POST', '/tasks/create/', milk)).json()).to.include({ id: 4 });
  });

  for (const [what, counts] of Object.entries({
    'the last id': { last: 'x' },
    'the bytes': { bytes: 'x' },
    'the revision': { revision: 'x' },
  })) {
    it(`rejects new tasks and leaves the counters unchanged if ${what} of a user are unreadable`, async () => {
      await redis.hset(own.taskCounts, counts);
      await expectUnreadable(own.taskCounts, 'POST', '/tasks/create/', milk);
      if ('last' in counts) return;
      await expectUnreadable(own.taskCounts, 'PUT', '/tasks/2/update/', { title: 'Tea' });
      await expectUnreadable(own.taskCounts, 'DELETE', '/tasks/2/delete/');
      await expectUnreadable(own.taskCounts, 'GET', '/tasks/');
    });
  }

  it('responds with 500 to an unreadable idempotency key', async () => {
    await createWithKey();
    const [key = ''] = await redis.keys(`*{u:${userId}}:request:*`);
    await redis.set(key, 'garbage');
    expectResponse(await createWithKey(), 500, internalError);
    expect(await redis.zcard(own.tasks)).to.equal(4);
    await redis.hset(own.idempotencyKeyCounts, { x: 'y' });
    await redis.del(key);
    expectResponse(await createWithKey(), 500, internalError);
    expect(await redis.zcard(own.tasks)).to.equal(4);
  });

  it('responds with 500 to a key of the wrong Redis type', async () => {
    await redis.del(own.tasks);
    await redis.set(own.tasks, 'x');
    for (const [method, path, body] of [
      ['GET', '/tasks/1/'],
      ['GET', '/tasks/'],
      ['POST', '/tasks/create/', milk],
      ['PUT', '/tasks/1/update/', milk],
      ['DELETE', '/tasks/1/delete/'],
    ] as const) {
      const lines = hexado.log.length;
      expectResponse(await call(method, path, body), 500, internalError);
      const key = hexado.log.slice(lines).find(({ level }) => level === 'error')?.fields['key'];
      expect(key).to.contain(own.tasks);
    }
    expect(await redis.get(own.tasks)).to.equal('x');
  });

  const unreadableAccounts: Record<string, () => Promise<unknown>> = {
    'without a name': () => redis.hdel(own.account, 'username'),
    'without a password': () => redis.hdel(own.account, 'password'),
    'neither active nor inactive': () => redis.hset(own.account, 'active', 'maybe'),
    'from no time': () => redis.hset(own.account, 'created', 'x'),
    'of another type': async () => {
      await redis.del(own.account);
      await redis.set(own.account, 'x');
    },
  };
  for (const [what, spoil] of Object.entries(unreadableAccounts)) {
    it(`responds with 500 to a sign-in with an account ${what}, and does not release its name`, async () => {
      const { username, password } = user;
      await spoil();
      const credentials = { username, password };
      for (const path of ['/api/token/', '/tasks/register/']) {
        await expectUnreadable(own.account, 'POST', path, credentials);
      }
      const next = { username: `${username}.next`, password };
      expect((await hexado.call('POST', '/tasks/register/', next)).status).to.equal(201);
    });
  }

  it('responds with 500 to a sign-in with a name that has an unreadable id, and does not release the name', async () => {
    const { username, password } = user;
    const key = keys.username(username);
    await redis.set(key, 'garbage');
    for (const path of ['/api/token/', '/tasks/register/']) {
      await expectUnreadable(key, 'POST', path, { username, password });
    }
    expect(await redis.get(key)).to.equal('garbage');
  });

  it('responds with 500 to administrators if the audit log or who is staff cannot be read', async () => {
    const paths = ['/api/admin/audit/', `/api/admin/users/${userId}/`] as const;
    await hexado.storage.staff.add(userId);
    for (const path of paths) expect((await call('GET', path)).status).to.equal(200);
    const unreadable: [key: string, spoil: () => Promise<unknown>, paths: readonly string[]][] = [
      [keys.audit, () => redis.zadd(keys.audit, 1, 'garbage'), [paths[0]]],
      [keys.staff, () => redis.set(keys.staff, 'garbage'), paths],
    ];
    for (const [key, spoil, affected] of unreadable) {
      await spoil();
      const before = await redis.dumpBuffer(key);
      for (const path of affected) {
        expectResponse(await call('GET', path), 500, internalError);
        expect(hexado.log.findLast(({ level }) => level === 'error')?.fields).to.include({ key });
      }
      expect(await redis.dumpBuffer(key)).to.deep.equal(before);
      expect((await call('GET', '/tasks/')).status).to.equal(200);
      await redis.del(key);
    }
  });

  it('a registration never overwrites existing data under the key of the next account', async () => {
    const { password } = user;
    const next = Number(await redis.get(keys.userIds)) + 1;
    await redis.set(keys.ofUser(next).account, 'x');
    await redis.hset(keys.ofUser(next + 1).account, 'locale', 'en');
    const credentials = { username: `${user.username}.new`, password };
    expect((await hexado.call('POST', '/tasks/register/', credentials)).status).to.equal(201);
    expect(await redis.get(keys.username(credentials.username))).to.equal(`${next + 2}`);
    expect(await redis.get(keys.ofUser(next).account)).to.equal('x');
    expect(await redis.hgetall(keys.ofUser(next + 1).account)).to.deep.equal({ locale: 'en' });
    await redis.del(keys.ofUser(next).account, keys.ofUser(next + 1).account);
  });
});
