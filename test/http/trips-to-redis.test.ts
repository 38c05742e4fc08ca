import { expect } from 'chai';
import { CountingProxy } from '../support/counting-proxy.js';
import { claimsOf } from '../support/json-web-token.js';
import { RedisServer } from '../support/redis-server.js';
import { RunningServer, type SignedIn } from '../support/running-server.js';

describe('a trip to Redis', () => {
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

  /** Somebody with a task, for whom every script has been loaded. */
  beforeEach(async () => {
    user = await server.signedIn();
    for (const title of ['one', 'two']) await call('POST', '/tasks/create/', { title, description: 'd' });
    await call('PUT', '/tasks/1/update/', { title: 'One' });
    await call('DELETE', '/tasks/2/delete/');
    await call('GET', '/tasks/');
  });

  const call = (method: string, path: string, body?: object) => server.call(method, path, body, user.access);

  // What the storage does not find for a change is answered as missing only to those whose session is live.
  for (const [trips, method, path, status, body] of [
    [1, 'GET', '/tasks/1/', 200],
    [1, 'GET', '/tasks/9/', 404],
    [1, 'GET', '/tasks/', 200],
    [1, 'GET', '/tasks/?limit=1', 200],
    [1, 'POST', '/tasks/create/', 201, { title: 'three', description: 'd' }],
    [1, 'PUT', '/tasks/1/update/', 200, { status: 'completed' }],
    [2, 'PUT', '/tasks/9/update/', 404, { status: 'completed' }],
    [1, 'DELETE', '/tasks/1/delete/', 200],
    [2, 'DELETE', '/tasks/9/delete/', 404],
  ] as const) {
    it(`is made ${trips === 1 ? 'once' : 'twice'} for ${method} ${path}, the caller's session included`, async () => {
      let answered = 0;
      const made = await proxy.tripsOf(async () => {
        answered = (await call(method, path, body)).status;
      });
      expect({ answered, made }).to.deep.equal({ answered: status, made: trips });
    });
  }

  it('brings a thousand tasks of a long list', async () => {
    const ownerId = Number(claimsOf(user.access)['user_id']);
    const draft = { title: 'long', description: 'list', status: 'pending' } as const;
    await Promise.all(Array.from({ length: 2500 }, () => server.storage.tasks.create(ownerId, draft)));
    expect(await proxy.tripsOf(() => call('GET', '/tasks/'))).to.equal(3);
  });

  it('is not needed for a token that is not good', async () => {
    expect(await proxy.tripsOf(() => server.call('GET', '/tasks/', undefined, 'garbage'))).to.equal(0);
  });
});
