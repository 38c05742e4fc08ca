import { expect } from 'chai';
import { createTask } from '../../../src/storage-contract/builders.js';
import { concurrently } from '../../../src/storage-contract/concurrency.js';
import { CountingProxy } from '../../support/counting-proxy.js';
import { sessionRefOf } from '../../support/json-web-token.js';
import { RedisServer } from '../../support/redis-server.js';
import { RunningServer, type SignedIn } from '../../support/running-server.js';

describe('round trips to Redis', () => {
  let redis: RedisServer;
  let proxy: CountingProxy;
  let server: RunningServer;
  let user: SignedIn;

  before(async () => {
    redis = await RedisServer.start();
    proxy = await CountingProxy.start(redis.port);
    server = await RunningServer.start({ STORAGE: 'redis', REDIS_URL: `redis://127.0.0.1:${proxy.port}` });
  });
  after(async () => {
    await server.stop();
    proxy.stop();
    await redis.stop();
  });

  /** A user with a task, after every script was loaded. */
  beforeEach(async () => {
    user = await server.registerAndSignIn();
    for (const title of ['one', 'two']) await call('POST', '/tasks/create/', { title, description: 'd' });
    const { headers } = await call('PUT', '/tasks/1/update/', { title: 'One' });
    await send('PUT', '/tasks/1/update/', { 'If-Match': `${headers.etag}` });
    await call('DELETE', '/tasks/2/delete/');
    await call('GET', '/tasks/1/');
    for (const query of ['', 'ordering=-id', 'ordering=title']) await call('GET', `/tasks/?${query}`);
  });

  const call = (method: string, path: string, body?: object) => server.call(method, path, body, user.access);

  const send = (method: string, path: string, conditions: Readonly<Record<string, string>>) =>
    server.send({ method, path, headers: { Authorization: `Bearer ${user.access}`, ...conditions } });

  const roundTripsOf = (query: string) => proxy.roundTripsOf(() => call('GET', `/tasks/?${query}`));

  /** Gives the user many tasks, directly in the storage. */
  const createTasks = async (count: number): Promise<void> => {
    const draft = { title: 'long', description: 'list', status: 'pending' } as const;
    const session = sessionRefOf(user.access);
    await concurrently(count, () => createTask(server.storage, session, draft));
  };

  for (const [method, path, status, body] of [
    ['GET', '/tasks/1/', 200],
    ['GET', '/tasks/9/', 404],
    ['GET', '/tasks/', 200],
    ['GET', '/tasks/?limit=1', 200],
    ['POST', '/tasks/create/', 201, { title: 'three', description: 'd' }],
    ['PUT', '/tasks/1/update/', 200, { status: 'completed' }],
    ['PUT', '/tasks/9/update/', 404, { status: 'completed' }],
    ['DELETE', '/tasks/1/delete/', 200],
    ['DELETE', '/tasks/9/delete/', 404],
    ['POST', '/tasks/', 201, { title: 'three', description: 'd' }],
    ['PATCH', '/tasks/1/', 200, { status: 'completed' }],
    ['DELETE', '/tasks/1/', 200],
    ['GET', '/api/sessions/', 200],
    ['GET', '/api/account/', 200],
  ] as const) {
    it(`makes one round trip to Redis for ${method} ${path} with ${status}, including the session check`, async () => {
      let actualStatus = 0;
      const made = await proxy.roundTripsOf(async () => {
        actualStatus = (await call(method, path, body)).status;
      });
      expect({ actualStatus, made }).to.deep.equal({ actualStatus: status, made: 1 });
    });
  }

  it('makes one round trip to Redis for a 304, and two for a change with If-Match', async () => {
    const { headers } = await call('GET', '/tasks/1/');
    for (const path of ['/tasks/1/', '/tasks/', '/tasks/?search=x&ordering=title']) {
      expect(await proxy.roundTripsOf(() => send('GET', path, { 'If-None-Match': '*' }))).to.equal(1);
    }
    for (const [method, path] of [
      ['PUT', '/tasks/1/update/'],
      ['DELETE', '/tasks/1/delete/'],
    ] as const) {
      const change = () => send(method, path, { 'If-Match': `${headers.etag}` });
      expect(await proxy.roundTripsOf(change)).to.equal(2);
    }
  });

  it('makes one round trip to Redis for the newest tasks, and one per thousand tasks of all for a filter or an order', async () => {
    await createTasks(2500);
    expect(await roundTripsOf('limit=20&ordering=-id')).to.equal(1);
    expect(await roundTripsOf('limit=20&search=long')).to.equal(4);
    expect(await roundTripsOf('limit=20&ordering=title')).to.equal(5);
  });

  it('makes one round trip to Redis per thousand tasks of a long list', async () => {
    await createTasks(2500);
    expect(await proxy.roundTripsOf(() => call('GET', '/tasks/'))).to.equal(3);
  });

  it('makes one round trip to Redis for a page of a long list', async () => {
    await createTasks(100);
    for (const limit of [1, 31, 32, 50, 99]) {
      expect(await proxy.roundTripsOf(() => call('GET', `/tasks/?limit=${limit}`))).to.equal(1);
    }
  });

  it('makes one round trip to Redis for a list of 200 kB, and two for a longer one', async () => {
    const long = { title: 'long', description: 'x'.repeat(50_000) };
    for (let i = 0; i < 4; i++) await call('POST', '/tasks/create/', long);
    expect(await proxy.roundTripsOf(() => call('GET', '/tasks/'))).to.equal(1);
    for (let i = 0; i < 2; i++) await call('POST', '/tasks/create/', long);
    expect(await proxy.roundTripsOf(() => call('GET', '/tasks/'))).to.equal(2);
  });

  it('makes few round trips to Redis for a short page of users after thousands of ids without a user', async () => {
    const { archive, users } = server.storage;
    const after = await archive.lastUserId();
    await archive.reserveUserIds(after + 10_000);
    await server.registerAndSignIn();
    const made = await proxy.roundTripsOf(async () => {
      expect(await users.list({ after, limit: 1 })).to.have.length(1);
    });
    expect(made).to.be.below(100);
  });

  it('makes no round trip to Redis for an invalid token', async () => {
    expect(await proxy.roundTripsOf(() => server.call('GET', '/tasks/', undefined, 'garbage'))).to.equal(0);
  });
});
