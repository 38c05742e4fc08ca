import { expect } from 'chai';
import {
  accessTokenError,
  expectResponse,
  expectCommonHeaders,
  expectParseError,
  noCredentials,
  notAllowed,
  taskNotFound,
  unknownPath,
} from '../../support/responses.js';
import type { WireResponse } from '../../support/http-client.js';
import { RunningServer, type SignedIn } from '../../support/running-server.js';

interface Route {
  readonly path: string;
  readonly methods: readonly string[];
  /** Whether the Authorization header is required, optional or ignored. */
  readonly credentials: 'required' | 'optional' | 'ignored';
}

const routes: readonly Route[] = [
  { path: '/tasks/register', methods: ['POST'], credentials: 'optional' },
  { path: '/api/token', methods: ['POST'], credentials: 'ignored' },
  { path: '/api/token/refresh', methods: ['POST'], credentials: 'ignored' },
  { path: '/api/token/verify', methods: ['POST'], credentials: 'ignored' },
  { path: '/api/token/blacklist', methods: ['POST'], credentials: 'ignored' },
  { path: '/api/logout', methods: ['POST'], credentials: 'ignored' },
  { path: '/api/logout/all', methods: ['POST'], credentials: 'required' },
  { path: '/api/sessions', methods: ['GET', 'HEAD'], credentials: 'required' },
  { path: `/api/sessions/${'0'.repeat(32)}`, methods: ['DELETE'], credentials: 'required' },
  { path: '/api/password/change', methods: ['POST'], credentials: 'required' },
  { path: '/api/password/reset/confirm', methods: ['POST'], credentials: 'ignored' },
  { path: '/api/account', methods: ['GET', 'HEAD', 'DELETE'], credentials: 'required' },
  { path: '/api/account/export', methods: ['GET', 'HEAD'], credentials: 'required' },
  { path: '/api/admin/users', methods: ['GET', 'HEAD'], credentials: 'required' },
  { path: '/api/admin/users/999', methods: ['GET', 'HEAD', 'DELETE'], credentials: 'required' },
  { path: '/api/admin/users/999/activate', methods: ['POST'], credentials: 'required' },
  { path: '/api/admin/users/999/deactivate', methods: ['POST'], credentials: 'required' },
  { path: '/api/admin/users/999/end-sessions', methods: ['POST'], credentials: 'required' },
  { path: '/api/admin/stats', methods: ['GET', 'HEAD'], credentials: 'required' },
  { path: '/api/admin/audit', methods: ['GET', 'HEAD'], credentials: 'required' },
  { path: '/tasks', methods: ['GET', 'HEAD', 'POST'], credentials: 'required' },
  { path: '/tasks/create', methods: ['POST'], credentials: 'required' },
  { path: '/tasks/999', methods: ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE'], credentials: 'required' },
  { path: '/tasks/999/update', methods: ['PUT'], credentials: 'required' },
  { path: '/tasks/999/delete', methods: ['DELETE'], credentials: 'required' },
  { path: '/livez', methods: ['GET', 'HEAD'], credentials: 'ignored' },
  { path: '/readyz', methods: ['GET', 'HEAD'], credentials: 'ignored' },
  { path: '/.well-known/jwks.json', methods: ['GET', 'HEAD'], credentials: 'ignored' },
  { path: '/openapi.json', methods: ['GET', 'HEAD'], credentials: 'ignored' },
  { path: '/api/schema', methods: ['GET', 'HEAD'], credentials: 'ignored' },
];

const methods =
  'GET HEAD POST PUT PATCH DELETE TRACE PROPFIND MKCOL LOCK SEARCH REPORT PURGE LINK M-SEARCH ACL COPY MOVE SOURCE'.split(
    ' ',
  );

const invalid = accessTokenError('Token is invalid or expired');

describe('routes', () => {
  let server: RunningServer;
  let user: SignedIn;
  before(async () => {
    server = await RunningServer.start();
    user = await server.registerAndSignIn();
    await server.call('POST', '/tasks/create/', { title: 't', description: 'd' }, user.access);
  });
  after(() => server.stop());

  beforeEach(async () => {
    user = await signedInAgain();
  });

  async function signedInAgain(): Promise<SignedIn> {
    const { username, password } = user;
    const tokens = (await server.call('POST', '/api/token/', { username, password })).json();
    return { ...user, ...(tokens as Pick<SignedIn, 'access' | 'refresh'>) };
  }

  const call = (method: string, path: string, body?: unknown) => server.call(method, path, body, user.access);

  const send = (method: string, path: string, contentType: string, body: string, access?: string) =>
    server.send({
      method,
      path,
      headers: {
        'Content-Type': contentType,
        ...(access !== undefined && { Authorization: `Bearer ${access}` }),
      },
      body,
    });

  for (const { path, methods: known, credentials } of routes) {
    describe(path, () => {
      const allowed = [...known, 'OPTIONS'].toSorted();
      const unknownMethods = methods.filter((method) => !known.includes(method));

      it(`serves ${known.join(', ')} ${path} with and without a trailing slash`, async () => {
        for (const method of known) {
          const responses: WireResponse[] = [];
          for (const each of [path, `${path}/`]) {
            responses.push(await call(method, each));
            if (path === '/api/logout/all') user = await signedInAgain();
          }
          for (const { status } of responses) expect(status).to.not.equal(405);
          const [without, withSlash] = responses.map(({ status, text }) => ({ status, text }));
          expect(without).to.deep.equal(withSlash);
          expect(without?.text, method).to.not.equal(JSON.stringify(unknownPath));
        }
      });

      it(`responds with 405 to every other method on ${path}`, async () => {
        for (const method of unknownMethods) {
          for (const each of [path, `${path}/`]) {
            const response = await call(method, each);
            expect(allowOf(response), method).to.deep.equal(allowed);
            if (method === 'HEAD') expect([response.status, response.text]).to.deep.equal([405, '']);
            else expectResponse(response, 405, notAllowed(method));
          }
        }
      });

      it(`responds to OPTIONS ${path} without authentication`, async () => {
        for (const access of [undefined, user.access, 'garbage', 'a b']) {
          for (const each of [path, `${path}/`]) {
            const response = await server.call('OPTIONS', each, undefined, access);
            expect([response.status, response.text]).to.deep.equal([204, '']);
            expect(allowOf(response)).to.deep.equal(allowed);
            expectCommonHeaders(response);
          }
        }
      });

      it(`checks credentials (${credentials}) before the method on ${path}`, async () => {
        const withNone = await server.call('LINK', path);
        if (credentials === 'required') expectResponse(withNone, 401, noCredentials);
        else expectResponse(withNone, 405, notAllowed('LINK'));
        const withBad = await server.call('LINK', path, undefined, 'garbage');
        if (credentials === 'ignored') expectResponse(withBad, 405, notAllowed('LINK'));
        else expectResponse(withBad, 401, invalid);
      });

      it(`responds with 404 to other spellings of ${path}`, async () => {
        const spellings = [
          path.toUpperCase(),
          path.replace(/[a-z]/, (letter) => letter.toUpperCase()),
          `/${path}/`,
          `${path}//`,
          `${path}/x`,
          `${path}.json`,
          `${path};x`,
          `${path}%20`,
          `${path}%00`,
          `/api${path}`,
          `/./${path}`,
          `/x/..${path}`,
        ];
        for (const spelling of spellings) {
          for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PROPFIND'])
            expectResponse(await call(method, spelling), 404, unknownPath);
        }
      });
    });
  }

  for (const path of [
    '/',
    '/api',
    '/api/',
    '/tasks/1/x/',
    '/tasks/update/',
    '/robots.txt',
    '/tasks/create/1/',
  ]) {
    it(`responds with 404 to ${path} with any credentials`, async () => {
      for (const access of [undefined, 'garbage', user.access])
        for (const method of ['GET', 'OPTIONS', 'PATCH'])
          expectResponse(await server.call(method, path, undefined, access), 404, unknownPath);
    });
  }

  describe('with a task id', () => {
    const task = { id: 1, title: 't', description: 'd', status: 'pending' };

    for (const id of ['1', '01', '0000000000001', '%31', '%30%31']) {
      it(`reads ${id} as the task id 1`, async () => {
        expectResponse(await call('GET', `/tasks/${id}`), 200, task);
        expectResponse(await call('GET', `/tasks/${id}/`), 200, task);
        for (const method of ['PUT', 'PATCH'])
          expectResponse(await call(method, `/tasks/${id}/`, {}), 200, task);
        expectResponse(await call('PUT', `/tasks/${id}/update/`, {}), 200, task);
      });
    }

    const malformed =
      'x 1x -1 +1 1.0 1e0 0x1 1,2 %2B1 %201 1%20 1%0A 1%00 %D9%A1 %EF%BC%91 % %1 %zz %ff 1%2531 %2e%2e :id * NaN ' +
      'Infinity __proto__';
    for (const id of malformed.split(' ')) {
      it(`responds with 404 to the task id ${id} with any credentials`, async () => {
        for (const access of [undefined, user.access]) {
          for (const [method, path] of [
            ['GET', `/tasks/${id}/`],
            ['PUT', `/tasks/${id}/update/`],
            ['DELETE', `/tasks/${id}/delete/`],
            ['PUT', `/tasks/${id}/`],
            ['DELETE', `/tasks/${id}/`],
            ['OPTIONS', `/tasks/${id}/`],
            ['PATCH', `/tasks/${id}`],
          ] as const)
            expectResponse(await server.call(method, path, undefined, access), 404, unknownPath);
        }
      });
    }

    it('decodes the whole path once', async () => {
      expectResponse(await call('GET', '/%74asks%2F1%2f'), 200, task);
      expectResponse(await call('GET', '/tasks/1%3Flimit=x'), 404, unknownPath);
    });
  });

  describe('with a session id', () => {
    for (const id of [
      '0',
      'x',
      '0'.repeat(31),
      '0'.repeat(33),
      'A'.repeat(32),
      `${'0'.repeat(31)}g`,
      '__proto__',
    ]) {
      it(`responds with 404 to the session id ${id} with any credentials`, async () => {
        for (const access of [undefined, user.access]) {
          for (const method of ['DELETE', 'OPTIONS', 'PATCH'])
            expectResponse(
              await server.call(method, `/api/sessions/${id}/`, undefined, access),
              404,
              unknownPath,
            );
        }
      });
    }
  });

  describe('order of checks', () => {
    const required = { title: ['This field is required.'], description: ['This field is required.'] };

    it('checks the path before the credentials', async () => {
      expectResponse(await server.call('GET', '/tasks/x/', undefined, 'garbage'), 404, unknownPath);
    });

    it('checks the credentials before the task', async () => {
      expectResponse(await server.call('GET', '/tasks/999/'), 401, noCredentials);
      expectResponse(await server.call('DELETE', '/tasks/999/delete/', undefined, 'garbage'), 401, invalid);
    });

    it('checks the credentials before the body', async () => {
      expectResponse(await send('POST', '/tasks/create/', 'text/plain', 'x'), 401, noCredentials);
      expectResponse(await send('PUT', '/tasks/1/update/', 'application/json', '{', 'garbage'), 401, invalid);
    });

    it('checks the method before the task', async () => {
      expectResponse(await call('POST', '/tasks/999/'), 405, notAllowed('POST'));
      expectResponse(await call('GET', '/tasks/999/update/'), 405, notAllowed('GET'));
    });

    it('checks the method before the body', async () => {
      const response = await send('PUT', '/tasks/create/', 'text/plain', 'x', user.access);
      expectResponse(response, 405, notAllowed('PUT'));
    });

    it('checks the task before the body', async () => {
      for (const [contentType, body] of [
        ['text/plain', 'x'],
        ['application/json', '{'],
        ['application/json', '{"title":""}'],
        ['application/json', 'x'.repeat(200_000)],
      ] as const)
        expectResponse(
          await send('PUT', '/tasks/999/update/', contentType, body, user.access),
          404,
          taskNotFound,
        );
    });

    it('checks the type of the body before its content', async () => {
      const response = await send('POST', '/tasks/create/', 'text/plain', '{', user.access);
      expectResponse(response, 415, { detail: 'Unsupported media type "text/plain" in request.' });
    });

    it('checks the syntax of the body before its shape, and its shape before its fields', async () => {
      expectParseError(await send('POST', '/tasks/create/', 'application/json', '[{},]', user.access));
      expectResponse(await send('POST', '/tasks/create/', 'application/json', '[{}]', user.access), 400, {
        non_field_errors: ['Invalid data. Expected a dictionary, but got list.'],
      });
      expectResponse(
        await send('POST', '/tasks/create/', 'application/json', '{}', user.access),
        400,
        required,
      );
    });

    it('reports all invalid fields together', async () => {
      const body = { status: 'x', description: '', title: null };
      expectResponse(await call('POST', '/tasks/create/', body), 400, {
        title: ['This field may not be null.'],
        description: ['This field may not be blank.'],
        status: ['"x" is not a valid choice.'],
      });
    });

    it('checks credentials and tokens in a body only if no field is missing', async () => {
      const { username } = user;
      expectResponse(await server.call('POST', '/api/token/', { username }), 400, {
        password: ['This field is required.'],
      });
      expectResponse(await server.call('POST', '/api/token/', { password: 'x' }), 400, {
        username: ['This field is required.'],
      });
      for (const path of ['/api/token/refresh/', '/api/logout/'])
        expectResponse(await server.call('POST', path, { token: 'x' }), 400, {
          refresh: ['This field is required.'],
        });
      expectResponse(await server.call('POST', '/api/token/verify/', { refresh: 'x' }), 400, {
        token: ['This field is required.'],
      });
    });
  });
});

function allowOf({ headers }: WireResponse): string[] {
  return (headers.allow ?? '').split(', ').toSorted();
}
