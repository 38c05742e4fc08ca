import { setTimeout } from 'node:timers/promises';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { expectResponse, unavailable } from '../support/responses.js';
import { RedisServer } from '../support/redis-server.js';
import { RunningServer, type SignedIn } from '../support/running-server.js';
import { stopAfterEach } from '../support/stop-after-each.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { waitFor } from '../support/wait-for.js';
import { timeOf } from '../support/time-of.js';

/** Milliseconds within which both tries of a read are over. */
const deadline = 1_600;

/** Milliseconds without a request after which a connection is idle. */
const idleness = 1_100;

describe('a connection to Redis', () => {
  const stopped = stopAfterEach();
  let redis: RedisServer;
  let proxy: TcpProxy;
  let server: RunningServer;
  let user: SignedIn;

  async function start(environment: Readonly<Record<string, string>> = {}): Promise<void> {
    redis = stopped(await RedisServer.start());
    proxy = stopped(await TcpProxy.start(redis.port));
    server = stopped(await RunningServer.start({ STORAGE: 'redis', REDIS_URL: proxy.url, ...environment }));
  }

  const list = () => server.call('GET', '/tasks/', undefined, user.access);
  const create = () => server.call('POST', '/tasks/create/', { title: 't', description: 'd' }, user.access);

  const deaths: Record<string, () => void> = {
    'dropped without a word': () => proxy.forgetConnections(),
    reset: () => proxy.resetConnections(),
  };
  for (const [what, happen] of Object.entries(deaths)) {
    it(`that was ${what} while idle fails no read of many concurrent ones`, async () => {
      await start();
      user = await server.registerAndSignIn();
      for (let round = 0; round < 2; round++) {
        await setTimeout(idleness);
        happen();
        const startedAt = performance.now();
        const responses = await Promise.all(Array.from({ length: 20 }, list));
        const time = performance.now() - startedAt;
        expect(new Set(responses.map(({ status }) => status))).to.deep.equal(new Set([200]));
        const harmless = await timeOf(list);
        expect(time).to.be.below(Math.max(deadline, 5 * harmless));
      }
    });

    it(`that was ${what} while idle fails no write, and executes none twice`, async () => {
      await start();
      user = await server.registerAndSignIn();
      await setTimeout(idleness);
      happen();
      expect((await create()).status).to.equal(201);
      expect((await list()).json()).to.have.length(1);
    });
  }

  it('that stops responding while in use is not retried: the read gets 503 after a second', async () => {
    await start();
    user = await server.registerAndSignIn();
    expect((await list()).status).to.equal(200);
    proxy.forgetConnections();
    expectResponse(await list(), 503, unavailable);
    await waitFor('it serves again', async () => (await list()).status === 200);
  });

  it('that is idle when Redis stops responding delays one read by 1.6 s, and no later one', async () => {
    await start();
    user = await server.registerAndSignIn();
    await setTimeout(idleness);
    redis.freeze();
    const startedAt = performance.now();
    expectResponse(await list(), 503, unavailable);
    expect(performance.now() - startedAt).to.be.below(deadline + 100);
    for (let count = 0; count < 5; count++) {
      expect(await timeOf(async () => expectResponse(await list(), 503, unavailable))).to.be.below(500);
    }
    redis.resume();
    await waitFor('it serves again', async () => (await list()).status === 200);
  });

  it('gets a PING within 30 s of idleness, even the one for writes that wait for replicas', async () => {
    await start({ REDIS_WAIT_REPLICAS: '1' });
    const admin = new Redis(redis.port);
    const monitor = await admin.monitor();
    for (const each of [admin, monitor]) stopped({ stop: async () => each.disconnect() });
    const startedAt = performance.now();
    const pinged = new Set<string>();
    await new Promise<void>((resolve) => {
      monitor.on('monitor', (_time: string, [name]: string[], source: string) => {
        if (name?.toLowerCase() === 'ping') pinged.add(source);
        if (pinged.size === 2) resolve();
      });
    });
    expect(performance.now() - startedAt).to.be.below(30_000);
  });
});
