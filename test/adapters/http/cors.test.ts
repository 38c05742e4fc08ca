import { expect } from 'chai';
import { corsHeaders } from '../../../src/adapters/http/middleware/cors.js';
import { StorageUnavailable } from '../../../src/application/ports/storage.js';
import type { Storage } from '../../../src/application/ports/storage.js';
import type { WireResponse } from '../../support/http-client.js';
import { RawConnection, type RawResponse } from '../../support/raw-connection.js';
import { expectCommonHeaders, unknownPath } from '../../support/responses.js';
import { RunningServer, type SignedIn } from '../../support/running-server.js';
import { withStub } from '../../support/with-stub.js';

const allowed = 'https://app.example';
const foreign = 'https://evil.example';
const exposed = 'Link, ETag, Retry-After, X-Request-Id, X-Total-Count, WWW-Authenticate';

type Response = Pick<WireResponse | RawResponse, 'status' | 'headers'>;

function expectReadable({ headers }: Response, origin: string): void {
  expect(headers).to.include({
    'access-control-allow-origin': origin,
    'access-control-expose-headers': exposed,
  });
  expect(headers).to.not.have.property('access-control-allow-credentials');
}

function expectUnreadable({ headers }: Response): void {
  const names = Object.keys(headers).filter((name) => name.startsWith('access-control-'));
  expect(names).to.deep.equal([]);
}

describe('CORS', () => {
  describe('with two origins in CORS_ORIGINS', () => {
    let server: RunningServer;
    let user: SignedIn;
    before(async () => {
      server = await RunningServer.start({
        WEB: 'off', // With a page for people, errors vary by Accept, too.
        CORS_ORIGINS: `${allowed},capacitor://localhost`,
        BODY_LIMIT: '1kb',
        THROTTLE_REFRESH: '1/1h',
      });
      user = await server.registerAndSignIn();
      await server.call('POST', '/tasks/', { title: 't', description: 'd' }, user.access);
      await server.call('POST', '/api/token/refresh/', { refresh: user.refresh });
    });
    after(() => server.stop());

    type Extra = Readonly<Record<string, string>>;
    const signedIn = (): Extra => ({ Authorization: `Bearer ${user.access}` });
    const json = { 'Content-Type': 'application/json' };

    /** Sends bytes to the server that it cannot take for a request. */
    async function raw(...lines: readonly string[]): Promise<RawResponse> {
      const connection = await RawConnection.open(server.port);
      connection.send([...lines, '', ''].join('\r\n'));
      const response = await connection.response();
      connection.close();
      return response;
    }

    /** The response while a method of the storage fails. */
    async function whileFailing(
      name: keyof Storage['tasks'],
      error: Error,
      request: () => Promise<WireResponse>,
    ): Promise<WireResponse> {
      let response: WireResponse | undefined;
      const failing = () => () => Promise.reject(error);
      await withStub(server.storage.tasks, name, failing, async () => {
        response = await request();
      });
      if (!response) throw new Error('no response');
      return response;
    }

    const send = (method: string, path: string, headers: Extra, body?: string) =>
      server.send({ method, path, headers, ...(body !== undefined && { body }) });

    const responses: Readonly<Record<string, readonly [number, (origin: Extra) => Promise<Response>]>> = {
      'a task': [200, (origin) => send('GET', '/tasks/1/', { ...origin, ...signedIn() })],
      'HEAD of a list': [200, (origin) => send('HEAD', '/tasks/', { ...origin, ...signedIn() })],
      'a stream': [200, (origin) => send('GET', '/api/account/export/', { ...origin, ...signedIn() })],
      'a cacheable response': [200, (origin) => send('GET', '/.well-known/jwks.json', origin)],
      'a new task': [
        201,
        (origin) =>
          send('POST', '/tasks/', { ...origin, ...signedIn(), ...json }, '{"title":"t","description":"d"}'),
      ],
      'a task that has not changed': [
        304,
        (origin) => send('GET', '/tasks/1/', { ...origin, ...signedIn(), 'If-None-Match': '*' }),
      ],
      'a task that has changed': [
        412,
        (origin) => send('DELETE', '/tasks/1/', { ...origin, ...signedIn(), 'If-Match': '"other"' }),
      ],
      'OPTIONS that is no preflight': [204, (origin) => send('OPTIONS', '/tasks/', origin)],
      'a missing token': [401, (origin) => send('GET', '/tasks/', origin)],
      'a bad token': [401, (origin) => send('GET', '/tasks/', { ...origin, Authorization: 'Bearer x' })],
      'a missing task': [404, (origin) => send('GET', '/tasks/99/', { ...origin, ...signedIn() })],
      'an unknown path': [404, (origin) => send('GET', '/nowhere/', origin)],
      'an unknown method': [405, (origin) => send('PATCH', '/api/token/', origin)],
      'JSON that cannot be parsed': [
        400,
        (origin) => send('POST', '/api/token/', { ...origin, ...json }, '{'),
      ],
      'a missing field': [400, (origin) => send('POST', '/api/token/', { ...origin, ...json }, '{}')],
      'a body that is too large': [
        413,
        (origin) => send('POST', '/api/token/', { ...origin, ...json }, 'x'.repeat(1025)),
      ],
      'an unsupported type': [
        415,
        (origin) => send('POST', '/api/token/', { ...origin, 'Content-Type': 'text/plain' }, 'x'),
      ],
      'a rate limit': [
        429,
        (origin) => send('POST', '/api/token/refresh/', { ...origin, ...json }, '{"refresh":"x"}'),
      ],
      'an ambiguous request': [
        400,
        ({ Origin }) => raw('GET / HTTP/1.1', 'Host: a', 'Host: b', `Origin: ${Origin}`),
      ],
      'a body whose framing is wrong': [
        400,
        ({ Origin }) =>
          raw(
            'POST /api/token/ HTTP/1.1',
            'Host: a',
            'Content-Type: application/json',
            `Origin: ${Origin}`,
            'Transfer-Encoding: chunked',
            '',
            'xyz',
          ),
      ],
      'an unexpected error': [
        500,
        (origin) =>
          whileFailing('find', new Error('secret'), () =>
            send('GET', '/tasks/1/', { ...origin, ...signedIn() }),
          ),
      ],
      'an unavailable storage': [
        503,
        (origin) =>
          whileFailing('find', new StorageUnavailable('error'), () =>
            send('GET', '/tasks/1/', { ...origin, ...signedIn() }),
          ),
      ],
    };

    for (const [what, [status, request]] of Object.entries(responses)) {
      it(`lets an allowed origin and no other read ${status} for ${what}`, async () => {
        for (const origin of [allowed, 'capacitor://localhost']) {
          const response = await request({ Origin: origin });
          expect(response.status).to.equal(status);
          expectReadable(response, origin);
          expect(response.headers['vary']).to.equal('Origin');
        }
        for (const origin of [foreign, 'null', `${allowed}:443`, `${allowed}.evil.example`, 'x']) {
          const response = await request({ Origin: origin });
          expect(response.status).to.equal(status);
          expectUnreadable(response);
          expect(response.headers['vary']).to.equal('Origin');
        }
      });
    }

    it('sends no headers of CORS, but Vary, to requests without an origin', async () => {
      const response = await send('GET', '/tasks/1/', signedIn());
      expectUnreadable(response);
      expect(response.headers['vary']).to.equal('Origin');
      expectUnreadable(await send('GET', '/tasks/1/', { ...signedIn(), Origin: '' }));
    });

    it('leaves no headers of one request on the errors of others', async () => {
      for (const path of ['/tasks/', '/nowhere/', '/tasks/x/']) {
        expectReadable(await send('GET', path, { Origin: allowed }), allowed);
        expectUnreadable(await send('GET', path, {}));
      }
    });

    it('lets no page read the response to what cannot be read itself', async () => {
      expectUnreadable(await raw('GET / HTTP/1.1', 'Host: x', `Origin: ${allowed}`, 'X Y: broken'));
    });

    const preflight = { 'Access-Control-Request-Method': 'PUT', 'Access-Control-Request-Headers': 'x, y' };
    for (const path of ['/tasks/1/', '/tasks/', '/api/token/', '/tasks/x/', '/nowhere', '/%zz', '/livez']) {
      it(`responds with 204 to preflights on ${path}, before authentication`, async () => {
        const response = await send('OPTIONS', path, { Origin: allowed, ...preflight });
        expect([response.status, response.text]).to.deep.equal([204, '']);
        expectCommonHeaders(response);
        expect(response.headers).to.include({
          'access-control-allow-origin': allowed,
          'access-control-allow-methods': 'GET,HEAD,POST,PUT,PATCH,DELETE,OPTIONS',
          'access-control-allow-headers':
            'accept,authorization,content-type,user-agent,x-csrftoken,x-requested-with,idempotency-key,if-match,' +
            'if-none-match,x-request-id',
          'access-control-max-age': '86400',
          vary: 'Origin',
        });
        expect(response.headers).to.not.have.any.keys('access-control-allow-credentials', 'allow');

        const toForeign = await send('OPTIONS', path, { Origin: foreign, ...preflight });
        expect([toForeign.status, toForeign.text]).to.deep.equal([204, '']);
        expectUnreadable(toForeign);
        expect(toForeign.headers['vary']).to.equal('Origin');
      });
    }

    it('responds to OPTIONS with Allow unless it is a preflight', async () => {
      for (const headers of [{}, { Origin: allowed }, preflight]) {
        const response = await send('OPTIONS', '/tasks/1/', headers);
        expect([response.status, response.headers['allow']]).to.deep.equal([
          204,
          'GET, HEAD, PUT, PATCH, DELETE, OPTIONS',
        ]);
        expect((await send('OPTIONS', '/nowhere/', headers)).json()).to.deep.equal(unknownPath);
      }
    });
  });

  describe('with CORS_ORIGINS=*', () => {
    let server: RunningServer;
    before(async () => {
      server = await RunningServer.start({ CORS_ORIGINS: '*' });
    });
    after(() => server.stop());

    it('lets every page read every response', async () => {
      for (const headers of [{ Origin: foreign }, { Origin: 'null' }, {}]) {
        expectReadable(await server.send({ method: 'GET', path: '/tasks/', headers }), '*');
        expectReadable(await server.send({ method: 'GET', path: '/livez', headers }), '*');
      }
      const preflight = { Origin: 'null', 'Access-Control-Request-Method': 'PUT' };
      const { status, headers } = await server.send({ method: 'OPTIONS', path: '/x', headers: preflight });
      expect([status, headers['access-control-allow-origin']]).to.deep.equal([204, '*']);
    });

    for (const [what, bytes, status] of [
      ['what is no request', 'nonsense\r\n\r\n', 400],
      ['a head that is too large', `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    ] as const) {
      it(`lets every page read the response to ${what}`, async () => {
        const connection = await RawConnection.open(server.port);
        connection.send(bytes);
        const response = await connection.response();
        expect(response.status).to.equal(status);
        expectReadable(response, '*');
        connection.close();
      });
    }
  });

  describe('by default', () => {
    let server: RunningServer;
    before(async () => {
      server = await RunningServer.start();
    });
    after(() => server.stop());

    it('in memory, lets pages on the same machine read responses, on every port', async () => {
      for (const origin of [
        'http://localhost',
        'http://localhost:5173',
        'https://localhost:8443',
        'http://127.0.0.1:3000',
        'https://127.0.0.1',
        'http://[::1]:4200',
        'https://[::1]',
      ]) {
        const response = await server.send({ method: 'GET', path: '/tasks/', headers: { Origin: origin } });
        expectReadable(response, origin);
      }
    });

    it('in memory, lets no other page read responses', async () => {
      for (const origin of [
        'null',
        'capacitor://localhost',
        'http://localhost.evil.example',
        'http://evil.example:80',
        'http://localhost:x',
        'http://127.0.0.2',
        'http://LOCALHOST',
        'http://localhost:5173/',
        'http://localhost@evil.example',
      ]) {
        expectUnreadable(await server.send({ method: 'GET', path: '/livez', headers: { Origin: origin } }));
      }
    });
  });

  it('with CORS_ORIGINS=none, lets no page read responses, and responds to preflights with 204', async () => {
    const server = await RunningServer.start({ CORS_ORIGINS: 'none' });
    const headers = { Origin: 'http://localhost:5173', 'Access-Control-Request-Method': 'GET' };
    for (const [method, path, status] of [
      ['GET', '/livez', 200],
      ['OPTIONS', '/tasks/', 204],
      ['OPTIONS', '/nowhere', 204],
    ] as const) {
      const response = await server.send({ method, path, headers });
      expect(response.status).to.equal(status);
      expectUnreadable(response);
      expect(response.headers).to.not.have.property('vary');
    }
    await server.stop();
  });

  describe('the headers for a request that could not be read', () => {
    it('allow the only origin', () => {
      expect(corsHeaders([allowed])?.()).to.include({
        'Access-Control-Allow-Origin': allowed,
        Vary: 'Origin',
      });
    });

    it('allow none of several origins', () => {
      expect(corsHeaders([allowed, foreign])?.()).to.deep.equal({ Vary: 'Origin' });
      expect(corsHeaders('localhost')?.()).to.deep.equal({ Vary: 'Origin' });
    });
  });
});
