import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { RedisServer } from '../support/redis-server.js';
import { signingKey } from '../support/running-server.js';
import { program, ServerProcess } from '../support/server-process.js';
import { waitFor } from '../support/wait-for.js';

/** A span, as it is exported in OTLP's JSON. */
interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly attributes: readonly { readonly key: string }[];
}

interface Export {
  readonly resourceSpans: readonly { readonly scopeSpans: readonly { readonly spans: readonly Span[] }[] }[];
}

const canary = 'Canary-5c1d';
const traceId = '0af7651916cd43dd8448eb211c80319c';
const traceparent = `00-${traceId}-b7ad6b7169203331-01`;

describe('deploy/tracing.mjs', () => {
  let redis: RedisServer;
  let collector: Server;
  let server: ServerProcess;
  let exports: string[];

  before(async () => {
    redis = await RedisServer.start();
    collector = createServer(async (request, response) => {
      exports.push(await text(request));
      response.setHeader('Content-Type', 'application/json').end('{}');
    }).listen(0, '127.0.0.1');
    await once(collector, 'listening');
  });
  after(async () => {
    collector.close().closeAllConnections();
    await redis.stop();
  });

  async function start(environment: Readonly<Record<string, string>> = {}): Promise<void> {
    exports = [];
    const { port } = collector.address() as AddressInfo;
    const settings = {
      STORAGE: 'redis',
      REDIS_URL: redis.url,
      SIGNING_KEY: signingKey,
      BCRYPT_COST: '4',
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      OTEL_BSP_SCHEDULE_DELAY: '100',
      NODE_OPTIONS: '', // Node 26 deprecates the hooks that OpenTelemetry uses, and here deprecations may be errors.
      ...environment,
    };
    const command = [process.execPath, '--import', './deploy/tracing.mjs', program];
    server = await ServerProcess.start(settings, { command });
  }
  afterEach(() => server.kill());

  const spans = (): Span[] =>
    exports
      .flatMap((each) => (JSON.parse(each) as Export).resourceSpans)
      .flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans));

  /** All spans of a trace, once the span of its request is there: that one is the last. */
  async function spansOf(trace: string, request: string): Promise<Span[]> {
    const own = () => spans().filter((span) => span.traceId === trace);
    await waitFor('the request is exported', () => own().some(({ name }) => name === request));
    return own();
  }

  it('puts request, route and Redis into the trace of the client, and its id into the log', async () => {
    await start();
    const { access } = await server.registerAndSignIn();
    const headers = { traceparent, Authorization: `Bearer ${access}`, 'X-Request-Id': 'traced' };
    await server.send({ method: 'GET', path: '/tasks/42/', headers });
    const all = await spansOf(traceId, 'GET /tasks/:taskId');
    const names = all.map(({ name }) => name);
    expect(names).to.include.members(['GET /tasks/:taskId', 'router - /tasks/:taskId', 'evalsha']);
    // Every span hangs from another one, up to the client's own.
    const ids = new Set(['b7ad6b7169203331', ...all.map(({ spanId }) => spanId)]);
    expect(all.filter(({ parentSpanId = '' }) => !ids.has(parentSpanId))).to.deep.equal([]);
    const line = await server.logged(({ requestId }) => requestId === 'traced');
    expect(line).to.include({ trace_id: traceId, msg: 'request' });
    expect(Object.keys(line).slice(-2)).to.deep.equal(['trace_id', 'msg']);
  });

  it('has one for each request without traceparent, in the lines of events too', async () => {
    await start();
    await server.registerAndSignIn();
    const opened = await server.logged(({ event }) => event === 'session_opened');
    const names = (await spansOf(String(opened['trace_id']), 'POST /api/token')).map(({ name }) => name);
    expect(names).to.include('evalsha');
    const registered = await server.logged(({ event }) => event === 'user_registered');
    expect(registered['trace_id']).not.to.equal(opened['trace_id']);
  });

  it('lets nothing that a client sends into a span', async () => {
    await start();
    const secrets = [canary, '$2'];
    const visitor = await server.registerAndSignIn(canary);
    secrets.push(visitor.access, visitor.refresh, visitor.password, visitor.username);
    const { access, refresh, username, password } = visitor;
    const newPassword = `${canary}-Vw3-copper-Lantern`;
    const requests: readonly (readonly [method: string, path: string, body?: object])[] = [
      ['POST', '/tasks/register/', { username: `${canary}-2`, password: canary }],
      ['POST', '/api/token/', { username, password: canary }],
      ['POST', '/api/token/refresh/', { refresh }],
      ['POST', '/api/token/verify/', { token: canary }],
      ['POST', '/tasks/create/', { title: canary, description: canary }],
      ['PUT', '/tasks/1/update/', { title: canary }],
      ['GET', `/tasks/?search=${canary}&${canary}=${canary}`],
      ['GET', `/tasks/${canary}/`],
      ['GET', `/${canary}`],
      ['DELETE', '/tasks/1/delete/'],
      ['POST', '/api/password/change/', { old_password: password, new_password: newPassword }],
    ];
    for (const [method, path, body] of requests) await server.call(method, path, body, access);
    const headers = {
      Host: canary,
      'User-Agent': canary,
      Referer: canary,
      'X-Forwarded-For': canary,
      'Content-Type': 'application/json',
      baggage: `canary=${canary}`,
    };
    await server.send({ method: 'POST', path: '/api/token/', headers, body: `{"${canary}` });
    await server.send({ method: 'GET', path: '/tasks/', headers: { traceparent } });
    await spansOf(traceId, 'GET /tasks');
    const names = new Set(spans().map(({ name }) => name));
    expect([...names]).to.include.members(['POST /api/password/change', 'evalsha', 'GET']);
    for (const secret of secrets) expect(exports.join('\n')).not.to.include(secret);
  });

  it('traces what workers do', async () => {
    await start({ WORKERS: '2' });
    const headers = { traceparent };
    await server.send({ method: 'GET', path: '/tasks/', headers });
    expect(await spansOf(traceId, 'GET /tasks')).not.to.deep.equal([]);
  });

  it('does not trace health checks', async () => {
    await start();
    await server.call('GET', '/livez');
    await server.call('GET', '/readyz');
    await server.send({ method: 'GET', path: '/tasks/', headers: { traceparent } });
    await spansOf(traceId, 'GET /tasks');
    expect(spans().filter(({ traceId: id }) => id !== traceId)).to.deep.equal([]);
  });
});
