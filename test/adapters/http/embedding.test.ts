import { EventEmitter, once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import cors from '@koa/cors';
import { Router } from '@koa/router';
import { expect } from 'chai';
import Koa from 'koa';
import helmet from 'koa-helmet';
import type { App, Extensions } from '../../../src/adapters/http/app.js';
import type { Middleware, ReplyContext, RequestState } from '../../../src/adapters/http/context.js';
import { createApp, createServer as createHexadoServer } from '../../../src/embed.js';
import { accessTokenError, expectResponse, noCredentials, unknownPath } from '../../support/responses.js';
import { ApiClient, type SignedIn } from '../../support/api-client.js';
import { RawConnection } from '../../support/raw-connection.js';
import { RecordedLog } from '../../support/recorded-log.js';
import { testEnvironment } from '../../support/running-server.js';

// The types of one require a newer Node, and the other has none.
const require = createRequire(import.meta.url);
const compress = require('koa-compress') as (options?: object) => Middleware;
const mount = require('koa-mount') as (prefix: string, app: App) => Koa.Middleware;

const description = 'a text that is long enough to be compressed. '.repeat(100);

const replace: Middleware = async (ctx, next) => {
  await next();
  if (ctx.status === 404) ctx.body = { lost: true };
  if (ctx.path === '/tasks/') ctx.status = 203;
  if (ctx.path === '/livez') ctx.type = 'application/health+json';
};

const rejectSome: Middleware = async (ctx, next) => {
  if (ctx.path === '/forbidden') ctx.throw(403, 'Not on Sundays.');
  if (ctx.path === '/teapot') ctx.throw(418, { headers: { 'X-Tea': 'green' } });
  if (ctx.path === '/broken') ctx.throw(502, 'the secret reason');
  await next();
};

const fail: Middleware = () => {
  throw new Error('secret');
};

const page: Middleware = async (ctx, next) => {
  if (ctx.path !== '/page') return next();
  ctx.type = 'text/html';
  ctx.body = '<p>Hello</p>';
};

for (const fastPaths of ['on', 'off']) {
  describe(`Hexado embedded, with FAST_PATHS=${fastPaths}`, () => {
    const log = new RecordedLog();
    let embedded: Awaited<ReturnType<typeof createApp>>;
    let server: Server;
    let client: ApiClient;
    let user: SignedIn;

    /** Serves the application, or the application that `wrap` returns. */
    async function serve(extensions: Extensions = {}, wrap: (app: App) => Koa = (app) => app): Promise<void> {
      const environment = { ...testEnvironment, FAST_PATHS: fastPaths };
      embedded = await createApp({ environment, log, ...extensions });
      server = createServer(wrap(embedded.app).callback()).listen(0, '127.0.0.1');
      await once(server, 'listening');
      client = new ApiClient((server.address() as AddressInfo).port);
    }

    async function signIn(): Promise<void> {
      user = await client.registerAndSignIn();
      await client.call('POST', '/tasks/create/', { title: 'Buy milk', description }, user.access);
    }

    /** Uses fetch because it decompresses responses, as browsers do. */
    const get = (path: string, headers: Record<string, string> = {}) =>
      fetch(`http://127.0.0.1:${client.port}${path}`, {
        headers: { Authorization: `Bearer ${user.access}`, ...headers },
      });

    afterEach(async () => {
      log.lines.length = 0;
      server.closeAllConnections();
      server.close();
      await embedded.close();
    });

    it('sends the CORS headers of @koa/cors with every response, errors included', async () => {
      await serve({ outer: [cors({ origin: 'https://app.example' })] });
      await signIn();
      const origin = { Origin: 'https://app.example' };
      const responses = [
        await get('/tasks/', origin),
        await get('/tasks/99/', origin),
        await get('/tasks/', { ...origin, Authorization: '' }),
        await get('/nowhere/', origin),
      ];
      const seen = responses.map(({ status, headers }) => [
        status,
        headers.get('access-control-allow-origin'),
      ]);
      expect(seen).to.deep.equal([200, 404, 401, 404].map((status) => [status, 'https://app.example']));
    });

    it('sends the headers of CORS_ORIGINS with responses that middleware has replaced or compressed', async () => {
      await serve({ outer: [compress(), replace], inner: [page, rejectSome] });
      await signIn();
      const origin = 'http://localhost:5173';
      for (const path of ['/page', '/tasks/', '/tasks/1/', '/nowhere', '/forbidden', '/livez']) {
        const { headers } = await get(path, { Origin: origin, 'Accept-Encoding': 'gzip' });
        expect(headers.get('access-control-allow-origin'), path).to.equal(origin);
        expect((headers.get('vary') ?? '').split(', '), path).to.include('Origin');
      }
      const compressed = await get('/tasks/1/', { Origin: origin, 'Accept-Encoding': 'gzip' });
      expect((compressed.headers.get('vary') ?? '').split(', ')).to.have.members([
        'Accept-Encoding',
        'Origin',
      ]);
    });

    it('lets @koa/cors of outer middleware take precedence over CORS_ORIGINS', async () => {
      await serve({ outer: [cors({ origin: 'https://app.example' })] });
      await signIn();
      const { headers } = await get('/tasks/', { Origin: 'http://localhost:5173' });
      expect(headers.get('access-control-allow-origin')).to.equal('https://app.example');
      expect(headers.get('vary')).to.equal('Origin');
    });

    it('lets @koa/cors respond to preflights, and logs them like other requests', async () => {
      await serve({ outer: [cors()] });
      const preflight = { Origin: 'https://app.example', 'Access-Control-Request-Method': 'PUT' };
      const { status } = await client.send({
        method: 'OPTIONS',
        path: '/tasks/1/update/',
        headers: preflight,
      });
      expect(status).to.equal(204);
      await log.waitFor('request');
      expect(log.lines[0]?.fields).to.include({ method: 'OPTIONS', status: 204 });
    });

    it('koa-compress compresses responses, which keep their headers but not Content-Length', async () => {
      await serve({ outer: [compress()] });
      await signIn();
      for (const path of ['/tasks/', '/tasks/1/']) {
        const response = await get(path, { 'Accept-Encoding': 'gzip' });
        expect(response.headers.get('content-encoding')).to.equal('gzip');
        expect(response.headers.get('content-length')).to.equal(null);
        expect(response.headers.get('content-type')).to.equal('application/json');
        expect(response.headers.get('x-content-type-options')).to.equal('nosniff');
        expect(response.headers.get('x-request-id')).to.match(/./);
        expect(await response.text()).to.contain('a text that is long enough');
      }
    });

    it('koa-compress compresses a streamed list', async () => {
      await serve({ outer: [compress()] });
      await signIn();
      const creations = Array.from({ length: 1100 }, () => ({ title: 't', description: 'd' }));
      for (const task of creations) await client.call('POST', '/tasks/create/', task, user.access);
      const response = await get('/tasks/', { 'Accept-Encoding': 'gzip' });
      expect(response.headers.get('content-encoding')).to.equal('gzip');
      expect(((await response.json()) as unknown[]).length).to.equal(1101);
    });

    it('keeps the headers of koa-helmet, even those for which Hexado has a default', async () => {
      await serve({ outer: [helmet() as Middleware] });
      await signIn();
      const { headers } = await get('/tasks/');
      expect(headers.get('strict-transport-security')).to.match(/max-age/);
      expect(headers.get('x-frame-options')).to.equal('SAMEORIGIN');
      expect(headers.get('cache-control')).to.equal('no-store');
    });

    it('shows outer middleware the status, body, type and length of the response', async () => {
      const seen: unknown[] = [];
      const look: Middleware = async (ctx, next) => {
        await next();
        seen.push([ctx.status, ctx.body, ctx.type, ctx.length]);
      };
      await serve({ outer: [look] });
      await signIn();
      seen.length = 0;
      const body = await (await get('/tasks/1/')).text();
      await get('/tasks/99/');
      expect(seen).to.deep.equal([
        [200, body, 'application/json', body.length],
        [404, '{"error":"Task not found"}', 'application/json', 26],
      ]);
    });

    it('lets outer middleware replace a response', async () => {
      await serve({ outer: [replace] });
      await signIn();
      const lost = await get('/tasks/99/');
      expect([lost.status, await lost.json()]).to.deep.equal([404, { lost: true }]);
      const list = await get('/tasks/');
      expect([list.status, ((await list.json()) as unknown[]).length]).to.deep.equal([203, 1]);
      const live = await get('/livez');
      expect([live.headers.get('content-type'), await live.text()]).to.deep.equal([
        'application/health+json',
        '{"status":"live"}',
      ]);
    });

    it('turns ctx.throw of inner middleware into a JSON response with its status and headers', async () => {
      await serve({ inner: [rejectSome] });
      expectResponse(await client.call('GET', '/forbidden'), 403, { detail: 'Not on Sundays.' });
      const teapot = await client.call('GET', '/teapot');
      expect([teapot.status, teapot.headers['x-tea']]).to.deep.equal([418, 'green']);
      expectResponse(await client.call('GET', '/broken'), 502, { detail: 'Internal server error.' });
      expectResponse(await client.call('GET', '/tasks/'), 401, noCredentials);
    });

    it('turns ctx.throw of inner middleware into a problem for clients that accept one', async () => {
      await serve({ inner: [rejectSome] });
      const headers = { Accept: 'application/problem+json' };
      for (const [path, expected] of [
        [
          '/forbidden',
          { title: 'Forbidden', status: 403, detail: 'Not on Sundays.', code: 'permission_denied' },
        ],
        ['/teapot', { title: "I'm a Teapot", status: 418, detail: "I'm a Teapot", code: 'error' }],
        ['/broken', { title: 'Bad Gateway', status: 502, detail: 'Internal server error.', code: 'error' }],
      ] as const) {
        const response = await client.send({ method: 'GET', path, headers });
        expect(response.json()).to.deep.equal({ type: 'about:blank', ...expected });
        expect(response.headers['content-type']).to.equal('application/problem+json');
      }
    });

    it('responds with 500 and JSON to an error of outer middleware, and logs the error without its message', async () => {
      await serve({ outer: [fail] });
      expectResponse(await client.call('GET', '/livez'), 500, { detail: 'Internal server error.' });
      expect(log.messages('Unexpected error')).to.have.lengthOf(1);
      expect(JSON.stringify(log.lines)).not.to.contain('secret');
    });

    it('serves the routes of another router, with ctx.body', async () => {
      const router = new Router<RequestState, ReplyContext>();
      router.get('/hello/:name', (ctx) => {
        ctx.set('X-Hello', 'yes');
        ctx.body = { hello: ctx.params['name'] };
      });
      await serve({ inner: [router.routes() as Middleware] });
      const hello = await client.call('GET', '/hello/ada');
      expect([hello.status, hello.json(), hello.headers['x-hello']]).to.deep.equal([
        200,
        { hello: 'ada' },
        'yes',
      ]);
      expectResponse(await client.call('GET', '/nowhere'), 404, unknownPath);
    });

    it('streams a ctx.body of inner middleware, and strips the body of HEAD', async () => {
      await serve({ inner: [page] });
      expect((await client.call('GET', '/page')).text).to.equal('<p>Hello</p>');
      const head = await client.call('HEAD', '/page');
      expect([head.text, head.headers['content-length']]).to.deep.equal(['', '12']);
    });

    it('lets inner middleware reject a request before the routes, and read the session after them', async () => {
      const sessions: unknown[] = [];
      const authenticate: Middleware = async (ctx, next) => {
        if (ctx.get('X-Api-Key') !== 'open sesame') ctx.throw(401, 'An X-Api-Key is missing.');
        await next();
        if (ctx.state.session) sessions.push(ctx.state.session.userId);
      };
      await serve({ inner: [authenticate] });
      expectResponse(await client.call('GET', '/tasks/'), 401, { detail: 'An X-Api-Key is missing.' });
      const key = { 'X-Api-Key': 'open sesame' };
      const headers = { ...key, 'Content-Type': 'application/json' };
      const body = JSON.stringify({ username: 'ada', password: 'Xk9-fence-Orbit' });
      await client.send({ method: 'POST', path: '/tasks/register/', headers, body });
      const { access } = (
        await client.send({ method: 'POST', path: '/api/token/', headers, body })
      ).json() as SignedIn;
      const bearer = { ...key, Authorization: `Bearer ${access}` };
      expectResponse(await client.send({ method: 'GET', path: '/tasks/', headers: bearer }), 200, []);
      const garbage = { ...key, Authorization: 'Bearer garbage' };
      const rejected = await client.send({ method: 'GET', path: '/tasks/', headers: garbage });
      expectResponse(rejected, 401, accessTokenError('Token is invalid or expired'));
      expect(sessions).to.deep.equal([1]);
    });

    it('works mounted under a path of another Koa application, whose middleware surrounds it', async () => {
      const seen: number[] = [];
      const look: Middleware = async (ctx, next) => {
        await next();
        seen.push(ctx.status);
      };
      await serve({ inner: [look] }, (hexado) => {
        const app = new Koa();
        app.use(compress() as Koa.Middleware);
        app.use(async (ctx, next) => {
          await next();
          ctx.set('X-Outer-Status', String(ctx.status));
        });
        app.use(mount('/todo', hexado));
        return app;
      });
      const body = { username: 'ada', password: 'Xk9-fence-Orbit' };
      await client.call('POST', '/todo/tasks/register/', body);
      const { access } = (await client.call('POST', '/todo/api/token/', body)).json() as SignedIn;
      await client.call('POST', '/todo/tasks/create/', { title: 't', description }, access);
      const headers = { Authorization: `Bearer ${access}`, 'Accept-Encoding': 'gzip' };
      const response = await fetch(`http://127.0.0.1:${client.port}/todo/tasks/1/`, { headers });
      expect(response.headers.get('content-encoding')).to.equal('gzip');
      expect(response.headers.get('x-outer-status')).to.equal('200');
      expect(await response.json()).to.include({ title: 't' });
      expect(seen).to.deep.equal([201, 200, 201, 200]);
      expectResponse(await client.call('GET', '/todo/tasks/'), 401, noCredentials);
      expect((await client.call('GET', '/elsewhere')).status).to.equal(404);
    });
  });
}

describe('LeanKoa', () => {
  it('LeanKoa overrides a method that Koa still calls for each request', async () => {
    const { LeanKoa } = await import('../../../src/adapters/http/lean-koa.js');
    let calls = 0;
    class CountingKoa extends LeanKoa {
      override handleRequest(...args: Parameters<InstanceType<typeof LeanKoa>['handleRequest']>) {
        calls++;
        return super.handleRequest(...args);
      }
    }
    const server = createServer(new CountingKoa().callback()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { status } = await new ApiClient((server.address() as AddressInfo).port).call('GET', '/');
    server.close();
    expect({ status, calls }).to.deep.equal({ status: 404, calls: 1 });
  });
});

describe('the server of Hexado in a program of one’s own', () => {
  it('serves with the protections of Hexado, and finishes the requests in progress when it is closed', async () => {
    const events = new EventEmitter();
    const slowPage: Middleware = async (ctx, next) => {
      if (ctx.path === '/page') {
        events.emit('arrived');
        await once(events, 'go on');
      }
      await page(ctx, next);
    };
    const log = new RecordedLog();
    const server = await createHexadoServer({ environment: testEnvironment, log, inner: [slowPage] });
    const client = new ApiClient(await server.listen(0, '127.0.0.1'));
    await client.registerAndSignIn();
    const smuggled = await RawConnection.open(client.port);
    smuggled.sendRequest([
      'GET /livez HTTP/1.1',
      'Host: a',
      'Content-Length: 1',
      'Transfer-Encoding: chunked',
    ]);
    expect((await smuggled.response()).status).to.equal(400);

    const arrived = once(events, 'arrived');
    const response = client.send({ method: 'GET', path: '/page' });
    await arrived;
    const closed = server.close();
    events.emit('go on');
    expect((await response).text).to.equal('<p>Hello</p>');
    await closed;
  });
});
