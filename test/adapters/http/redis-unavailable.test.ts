import { expect } from 'chai';
import { expectResponse, unavailable } from '../../support/responses.js';
import { callEveryEndpoint, expectUnavailableWithin } from '../../support/every-endpoint.js';
import { claimsOf } from '../../support/json-web-token.js';
import { durable, RedisServer } from '../../support/redis-server.js';
import { RunningServer, type SignedIn } from '../../support/running-server.js';
import { stopAfterEach } from '../../support/stop-after-each.js';
import { waitFor } from '../../support/wait-for.js';

describe('while Redis is unavailable', () => {
  let redis: RedisServer;
  let server: RunningServer;
  let user: SignedIn;
  const stopped = stopAfterEach();
  beforeEach(async () => {
    redis = stopped(await RedisServer.start(durable));
    server = stopped(await RunningServer.start({ STORAGE: 'redis', REDIS_URL: redis.url }));
    user = await server.registerAndSignIn();
    await createTask('t');
  });

  const createTask = (title: string) =>
    server.call('POST', '/tasks/create/', { title, description: 'd' }, user.access);

  /** Requests that need no storage get the same responses as ever. */
  async function expectStillRejected(): Promise<void> {
    expect((await server.call('GET', '/livez')).status).to.equal(200);
    expect((await server.call('GET', '/tasks/')).status).to.equal(401);
    expect((await server.call('GET', '/tasks/', undefined, 'garbage')).status).to.equal(401);
    expect((await server.call('GET', '/nowhere')).status).to.equal(404);
    expect((await server.call('GET', '/api/token/')).status).to.equal(405);
    expect((await server.call('POST', '/api/token/', {})).status).to.equal(400);
    expect((await server.call('POST', '/api/token/refresh/', { refresh: 'x' })).status).to.equal(401);
  }

  const ready = async () => (await server.call('GET', '/readyz')).status === 200;

  async function expectServesAgain(): Promise<void> {
    await waitFor('it is ready', ready, { timeout: 2_000 });
    expect((await createTask('after')).status).to.equal(201);
    expect((await server.call('GET', '/tasks/', undefined, user.access)).status).to.equal(200);
    const { username, password } = user;
    expect((await server.call('POST', '/api/token/', { username, password })).status).to.equal(200);
  }

  it('every endpoint responds with 503 at once after Redis is killed, and recovers after a restart', async () => {
    await redis.kill();
    await expectUnavailableWithin(server, user, 1500);
    await expectUnavailableWithin(server, user, 1500);
    await expectStillRejected();
    await redis.restart();
    await expectServesAgain();
  });

  it('every endpoint responds with 503 soon while Redis is frozen, and recovers when it resumes', async () => {
    redis.freeze();
    await expectUnavailableWithin(server, user, 2000);
    await expectStillRejected();
    redis.resume();
    await expectServesAgain();
  });

  it('responds with 503 to requests in progress when Redis is killed', async () => {
    redis.freeze();
    const responses = callEveryEndpoint(server, user);
    await redis.kill();
    for (const response of await responses) expectResponse(response, 503, unavailable);
  });

  it('the server starts without Redis, and serves as soon as Redis is available', async () => {
    await redis.kill();
    const early = stopped(await RunningServer.start({ STORAGE: 'redis', REDIS_URL: redis.url }));
    expect((await early.call('GET', '/readyz')).status).to.equal(503);
    expectResponse(await early.call('GET', '/tasks/', undefined, user.access), 503, unavailable);
    await redis.restart();
    await waitFor('it is ready', async () => (await early.call('GET', '/readyz')).status === 200, {
      timeout: 2_000,
    });
    expect((await early.call('GET', '/tasks/', undefined, user.access)).status).to.equal(200);
  });

  it('accepts tokens after Redis restarts with its data, and rejects them if the data is lost', async () => {
    await redis.restart();
    await waitFor('it is ready', ready, { timeout: 5_000 });
    expect((await server.call('GET', '/tasks/', undefined, user.access)).status).to.equal(200);

    const forgetful = stopped(await RedisServer.start());
    const other = stopped(await RunningServer.start({ STORAGE: 'redis', REDIS_URL: forgetful.url }));
    const { access, refresh } = await other.registerAndSignIn();
    expect(claimsOf(access)['user_id']).to.equal(1);
    await forgetful.restart();
    await waitFor('it is ready', async () => (await other.call('GET', '/readyz')).status === 200, {
      timeout: 5_000,
    });
    // Another user now has the id 1; the token must not be valid for that user.
    await other.registerAndSignIn();
    expect((await other.call('GET', '/tasks/', undefined, access)).status).to.equal(401);
    expect((await other.call('POST', '/api/token/refresh/', { refresh })).status).to.equal(401);
  });

  it('no acknowledged task is lost when Redis is killed during many writes', async () => {
    const created = new Map<number, string>();
    let next = 0;
    let killed: Promise<void> | undefined;
    const createUntilRejected = async (): Promise<number> => {
      for (;;) {
        const title = `task ${++next}`;
        const response = await createTask(title);
        if (response.status !== 201) return response.status;
        const { id } = response.json() as { id: number };
        expect(created.has(id)).to.equal(false);
        created.set(id, title);
        if (created.size === 300) killed = redis.kill();
      }
    };
    const statuses = await Promise.all(Array.from({ length: 20 }, createUntilRejected));
    expect(new Set(statuses)).to.deep.equal(new Set([503]));
    await killed;
    await redis.restart();
    await waitFor('it is ready', ready, { timeout: 5_000 });

    const tasks = (await server.call('GET', '/tasks/', undefined, user.access)).json() as {
      id: number;
      title: string;
    }[];
    const kept = new Map(tasks.map(({ id, title }) => [id, title]));
    expect(kept.size).to.equal(tasks.length);
    for (const [id, title] of created) expect(kept.get(id)).to.equal(title);
    expect(created.size).to.be.at.least(300);
    const { id } = (await createTask('one more')).json() as { id: number };
    expect(id).to.be.greaterThan(Math.max(...kept.keys()));
  });
});
