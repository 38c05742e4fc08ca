import { Agent } from 'node:http';
import { expect } from 'chai';
import { send, type WireResponse } from '../support/http-client.js';
import { RedisServer } from '../support/redis-server.js';
import { signingKey } from '../support/running-server.js';
import { ServerProcess } from '../support/server-process.js';
import { stopAfterEach } from '../support/stop-after-each.js';

/** Longer than any test runs: a server that ends has skipped it. */
const long = '1h';

describe('SHUTDOWN_DELAY', () => {
  const stopped = stopAfterEach();
  let redis: RedisServer;
  let server: ServerProcess;
  before(async () => {
    redis = await RedisServer.start();
  });
  after(() => redis.stop());

  async function start(workers: number, delay: string): Promise<void> {
    server = await ServerProcess.start({
      STORAGE: 'redis',
      REDIS_URL: redis.url,
      SIGNING_KEY: signingKey,
      HOST: '127.0.0.1',
      WORKERS: String(workers),
      SHUTDOWN_DELAY: delay,
    });
    const started = server;
    stopped({ stop: () => started.kill() });
    await loggedBy(workers, 'listening');
  }

  /** Resolves once so many workers have logged the message. */
  const loggedBy = (workers: number, message: string): Promise<unknown> =>
    server.logged(() => server.log.filter(({ msg }) => msg === message).length === workers);

  /** Sends a request over a connection of its own, as a balancer's probe does. */
  const get = (path: string): Promise<WireResponse> =>
    send(server.port, { method: 'GET', path }, new Agent());

  /** Sends requests until a probe says that the server stops; returns their statuses. */
  async function requestUntilNotReady(): Promise<number[]> {
    const statuses: number[] = [];
    while ((await get('/readyz')).status === 200) statuses.push((await get('/livez')).status);
    return statuses;
  }

  for (const workers of [1, 2]) {
    it(`lets a balancer notice the stop before a request fails, with WORKERS=${workers}`, async () => {
      await start(workers, '3s');
      const clients = Promise.all(Array.from({ length: 10 }, requestUntilNotReady));
      await get('/livez');
      server.signal('SIGTERM');
      expect(new Set((await clients).flat())).to.deep.equal(new Set([200]));
      await loggedBy(workers, 'stopping');
      const late = await get('/livez');
      expect(late).to.include({ status: 200 }).and.have.nested.property('headers.connection', 'close');
      expect((await get('/readyz')).json()).to.deep.equal({ status: 'stopping' });

      const { code, stderr } = await server.ending;
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    });

    it(`is not waited for at SIGINT, with WORKERS=${workers}`, async () => {
      await start(workers, long);
      server.signal('SIGINT');
      expect((await server.ending).code).to.equal(0);
    });

    it(`is skipped by a second signal, which is still a graceful shutdown, with WORKERS=${workers}`, async () => {
      await start(workers, long);
      server.signal('SIGTERM');
      await loggedBy(workers, 'stopping');
      expect((await get('/livez')).status).to.equal(200);
      // One that follows the first closely is one with it.
      const repeatedSignal = setInterval(() => server.signal('SIGTERM'), 200);
      await loggedBy(workers, 'stopped');
      clearInterval(repeatedSignal);
      expect((await server.ending).code).to.equal(0);
    });
  }

  it('is not waited for by workers that are replaced', async () => {
    await start(2, long);
    server.signal('SIGUSR2');
    await server.logged(({ msg }) => msg === 'All workers replaced');
  });
});
