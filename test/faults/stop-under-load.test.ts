import { Agent } from 'node:http';
import { expect } from 'chai';
import { send } from '../support/http-client.js';
import { RawConnection } from '../support/raw-connection.js';
import { RedisServer } from '../support/redis-server.js';
import { report } from '../support/report.js';
import type { SignedIn } from '../support/running-server.js';
import { startServerOnRedis } from '../support/server-on-redis.js';
import type { ServerProcess } from '../support/server-process.js';
import { stopAfterEach } from '../support/stop-after-each.js';

const connections = 50;

/** Milliseconds within which a server ends after one stop signal, and after two. */
const deadlines = { once: 11_000, twice: 1_500 };

describe('graceful shutdown under load', () => {
  const stopped = stopAfterEach();
  let redis: RedisServer;
  let server: ServerProcess;
  let user: SignedIn;
  beforeEach(async () => {
    redis = stopped(await RedisServer.start());
    server = await startServerOnRedis(redis.url, stopped);
    user = await server.registerAndSignIn();
  });

  const body = JSON.stringify({ title: 't', description: 'd' });
  const headers = () => ({ Authorization: `Bearer ${user.access}`, 'Content-Type': 'application/json' });

  /** Creates tasks over one connection until the server asks to close it; returns how many. */
  async function createUntilAsked(): Promise<number> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let created = 1; ; created++) {
      const request = { method: 'POST', path: '/tasks/create/', headers: headers(), body };
      const response = await send(server.port, request, agent);
      expect(response.status).to.equal(201);
      if (response.headers.connection === 'close') return created;
    }
  }

  /** A request of which the server has everything but the end of its body. */
  async function halfSent(): Promise<RawConnection> {
    const connection = await RawConnection.open(server.port);
    const lines = Object.entries(headers()).map(([name, value]) => `${name}: ${value}`);
    const length = `Content-Length: ${body.length}`;
    connection.sendRequest(['POST /tasks/create/ HTTP/1.1', 'Host: a', ...lines, length], body.slice(0, 5));
    return connection;
  }

  it('fails no request, finishes a partly sent one, and exits with 0', async () => {
    const half = await halfSent();
    const creating = Promise.all(Array.from({ length: connections }, createUntilAsked));
    await server.logged(() => server.log.filter(({ route }) => route === '/tasks/create').length > 500);
    const toldAt = Date.now();
    server.signal('SIGTERM');
    await server.logged(({ msg }) => msg === 'stopping');
    const created = (await creating).reduce((sum, count) => sum + count, 0);
    half.send(body.slice(5));
    const response = await half.response();
    expect({ status: response.status, connection: response.headers['connection'] }).to.deep.equal({
      status: 201,
      connection: 'close',
    });
    expect((JSON.parse(response.text) as { id: number }).id).to.equal(created + 1);
    const { code, stderr } = await server.ending;
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    expect(Date.now() - toldAt).to.be.below(deadlines.once);
    report(
      `${created} requests over ${connections} connections, none failed; ended after ${Date.now() - toldAt} ms`,
    );
  });

  it('exits with 0 within its deadline, even with a request that never ends', async () => {
    const half = await halfSent();
    const toldAt = Date.now();
    server.signal('SIGTERM');
    expect((await server.ending).code).to.equal(0);
    expect(Date.now() - toldAt).to.be.below(deadlines.once);
    expect(await half.end()).to.equal('');
  });

  it('exits with 0 while Redis hangs', async () => {
    redis.freeze();
    const request = { method: 'GET', path: '/tasks/', headers: headers() };
    const response = send(server.port, request);
    server.signal('SIGTERM');
    expect((await response).status).to.equal(503);
    expect((await server.ending).code).to.equal(0);
  });

  it('exits at once at a second signal under load', async () => {
    await halfSent();
    const creating = Promise.allSettled(Array.from({ length: connections }, createUntilAsked));
    await server.logged(({ route }) => route === '/tasks/create');
    server.signal('SIGTERM');
    await server.logged(({ msg }) => msg === 'stopping');
    await creating;
    const toldAt = Date.now();
    // More than one, because those that follow the first closely are one with it.
    const repeatedSignal = setInterval(() => server.signal('SIGTERM'), 50);
    const { code } = await server.ending;
    clearInterval(repeatedSignal);
    expect(code).to.equal(1);
    expect(Date.now() - toldAt).to.be.below(deadlines.twice);
  });
});
