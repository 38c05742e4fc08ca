import { EventEmitter, once } from 'node:events';
import { Agent, type ServerResponse } from 'node:http';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { HttpServer, type ShutdownTimeouts } from '../../src/adapters/http/http-server.js';
import { send, type WireResponse } from '../support/http-client.js';
import { RawConnection } from '../support/raw-connection.js';
import { RedisServer } from '../support/redis-server.js';
import { signingKey } from '../support/running-server.js';
import { program, ServerProcess } from '../support/server-process.js';

describe('graceful shutdown of a process', () => {
  let server: ServerProcess;
  afterEach(() => server.kill());

  const get = (path: string, agent?: Agent) => send(server.port, { method: 'GET', path }, agent);
  const untilStopping = () => server.logged(({ msg }) => msg === 'stopping');

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`exits with 0 after ${signal}`, async () => {
      server = await ServerProcess.start();
      server.signal(signal);
      const { code, stderr } = await server.ending;
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
      expect(server.log.map(({ msg }) => msg)).to.deep.equal(['listening', 'stopping', 'stopped']);
      expect(server.log[1]).to.include({ signal });
    });
  }

  it('works with a signal to npm start', async () => {
    const command = ['sh', '-c', `true && exec "${process.execPath}" "${program}"`];
    server = await ServerProcess.start({}, { command });
    server.signal('SIGTERM');
    expect((await server.ending).code).to.equal(0);
  });

  it('finishes requests under way, and treats two simultaneous signals as one', async () => {
    server = await ServerProcess.start({ BCRYPT_COST: '13' });
    const client = await RawConnection.open(server.port);
    const head = ['POST /api/token/ HTTP/1.1', 'Host: a', 'Content-Type: application/json'];
    const body = '{"username":"ann","password":"secret"}';
    client.sendRequest([...head, `Content-Length: ${body.length}`], body);
    const agent = new Agent({ keepAlive: true });
    await get('/livez', agent); // Sent later, so by now the server has the sign-in as well.
    // Two of one kind might be delivered as one.
    server.signal('SIGINT');
    server.signal('SIGTERM');

    const { status, headers } = await client.response();
    expect(status).to.equal(401);
    expect(headers['connection']).to.equal('close');
    expect((await server.ending).code).to.equal(0);
  });

  it('fails no request on an open connection, and rejects new connections', async () => {
    server = await ServerProcess.start();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const responses: WireResponse[] = [await get('/livez', agent)];
    server.signal('SIGTERM');
    while (responses.at(-1)?.headers.connection !== 'close') responses.push(await get('/livez', agent));

    expect(new Set(responses.map(({ status }) => status))).to.deep.equal(new Set([200]));
    expect(await codeOf(get('/livez', agent))).to.equal('ECONNREFUSED');
    expect((await server.ending).code).to.equal(0);
  });

  it('responds with 503 to /readyz and 200 to /livez', async () => {
    server = await ServerProcess.start();
    const agents = [new Agent({ keepAlive: true }), new Agent({ keepAlive: true })] as const;
    await Promise.all(agents.map((agent) => get('/readyz', agent)));
    server.signal('SIGTERM');
    await untilStopping();
    const [ready, live] = await Promise.all([get('/readyz', agents[0]), get('/livez', agents[1])]);

    expect(ready.status).to.equal(503);
    expect(ready.json()).to.deep.equal({ status: 'stopping' });
    expect(live.status).to.equal(200);
  });

  it('exits at once at a second signal, even with requests under way', async () => {
    server = await ServerProcess.start();
    const client = await RawConnection.open(server.port);
    client.sendRequest(['GET /livez HTTP/1.1', 'Host: a']);
    await client.response(); // Until then the server may not have accepted the connection.
    client.sendRequest(['POST /api/token/ HTTP/1.1', 'Host: a', 'Content-Length: 2'], '{');
    server.signal('SIGTERM');
    await untilStopping();
    // More than one, because those that follow the first closely are one with it.
    const repeatedSignal = setInterval(() => server.signal('SIGTERM'), 50);
    const { code } = await server.ending;
    clearInterval(repeatedSignal);
    expect(code).to.equal(1);
  });

  describe('with its data in Redis', () => {
    let redis: RedisServer;
    let observer: Redis;
    before(async () => {
      redis = await RedisServer.start();
      observer = new Redis(redis.url);
    });
    after(async () => {
      await observer.quit();
      await redis.stop();
    });

    async function connections(): Promise<number> {
      const list = (await observer.client('LIST')) as string;
      return list.trim().split('\n').length;
    }

    it('closes its connections to Redis', async () => {
      const environment = { STORAGE: 'redis', REDIS_URL: redis.url, SIGNING_KEY: signingKey };
      server = await ServerProcess.start(environment);
      expect(await connections()).to.be.above(1);
      server.signal('SIGTERM');
      expect((await server.ending).code).to.equal(0);
      expect(await connections()).to.equal(1);
      expect(await observer.info('commandstats')).to.match(/^cmdstat_quit:calls=\d/m);
    });
  });
});

describe('graceful shutdown of an HTTP server', () => {
  const request = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
  const everPatient = 3_600_000;
  const arrivals = new EventEmitter();
  let server: HttpServer;
  let port: number;
  beforeEach(async () => {
    server = new HttpServer(({ url }, response) => {
      if (url === '/greeting') response.setHeader('Connection', 'close').end('hello');
      else arrivals.emit('request', response);
    });
    port = await server.listen(0, '127.0.0.1');
  });
  afterEach(() => server.stop({ idle: 0, busy: 0 }));

  async function connected(sent: string): Promise<RawConnection> {
    const client = await RawConnection.open(port);
    client.send(sent);
    return client;
  }

  /** Sends a request, or what makes one whole, and answers with the response that is to be filled. */
  async function arrived(client: RawConnection, sent = request): Promise<ServerResponse> {
    const arrival = once(arrivals, 'request');
    client.send(sent);
    const [response] = (await arrival) as [ServerResponse];
    return response;
  }

  /** Resolves once the server knows of all that was sent before. */
  async function caughtUp(): Promise<void> {
    const client = await connected(request.replace('/', '/greeting'));
    await client.response();
  }

  function stopped({ idle = everPatient, busy = everPatient }: Partial<ShutdownTimeouts>): Promise<void> {
    return server.stop({ idle, busy });
  }

  it('closes a connection between two requests', async () => {
    const client = await RawConnection.open(port);
    (await arrived(client)).end('hello');
    await client.response();
    await stopped({ idle: 10 });
    expect(await client.end()).to.equal('');
  });

  it('closes a connection on which nothing was ever sent', async () => {
    const client = await RawConnection.open(port);
    await caughtUp();
    await stopped({ idle: 10 });
    expect(await client.end()).to.equal('');
  });

  it('responds to a request that was already sent', async () => {
    const client = await RawConnection.open(port);
    (await arrived(client)).end('first');
    await client.response();
    const stop = stopped({});
    (await arrived(client)).end('second');
    const { headers, text } = await client.response();
    expect(text).to.equal('second');
    expect(headers['connection']).to.equal('close');
    await stop;
  });

  it('waits for a response under way, and sends Connection: close', async () => {
    const idle = await RawConnection.open(port);
    const client = await RawConnection.open(port);
    const response = await arrived(client);
    const stop = stopped({ idle: 10 });
    await idle.end(); // Connections that look idle are closed by now.
    response.end('late');
    const { headers, text } = await client.response();
    expect(text).to.equal('late');
    expect(headers['connection']).to.equal('close');
    await stop;
  });

  it('waits for a response that has begun, and then closes its connection', async () => {
    const idle = await RawConnection.open(port);
    const client = await RawConnection.open(port);
    const response = await arrived(client);
    response.writeHead(200, { 'Content-Length': '4' }).write('on');
    const stop = stopped({ idle: 10 });
    await idle.end();
    response.end('ly');
    expect((await client.response()).text).to.equal('only');
    await stop;
    expect(await client.end()).to.equal('');
  });

  it('waits for the rest of a partly sent request', async () => {
    const client = await connected(request.slice(0, -2));
    const idle = await RawConnection.open(port);
    await caughtUp();
    const stop = stopped({ idle: 10 });
    await idle.end();
    (await arrived(client, request.slice(-2))).end('whole');
    expect((await client.response()).text).to.equal('whole');
    await stop;
  });

  for (const [what, sent] of [
    ['whose request never ends', request.slice(0, -2)],
    ['that is never answered', request],
  ] as const) {
    it(`cuts off a client ${what}`, async () => {
      const client = await connected(sent);
      await caughtUp();
      await stopped({ busy: 50 });
      expect(await client.end()).to.equal('');
    });
  }
});

/** The code of the error with which a promise is rejected, if it is. */
async function codeOf(promise: Promise<unknown>): Promise<string | undefined> {
  return promise.then(
    () => undefined,
    (error: NodeJS.ErrnoException) => error.code,
  );
}
