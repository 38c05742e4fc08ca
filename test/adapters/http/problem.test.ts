import { STATUS_CODES } from 'node:http';
import { expect } from 'chai';
import { acceptsProblem } from '../../../src/adapters/http/request/accept.js';
import { StorageUnavailable } from '../../../src/application/ports/storage.js';
import type { WireRequest, WireResponse } from '../../support/http-client.js';
import { RunningServer, type SignedIn } from '../../support/running-server.js';
import { withStub } from '../../support/with-stub.js';

const problem = 'application/problem+json';

/** Headers that differ between two responses to the same request, or with the length of their bodies. */
const varying = ['content-type', 'content-length', 'date', 'x-request-id'];

describe('errors as application/problem+json', () => {
  let server: RunningServer;
  let user: SignedIn;
  before(async () => {
    server = await RunningServer.start({
      BODY_LIMIT: '1kb',
      MAX_TASKS_PER_USER: '1',
      THROTTLE_REFRESH: '1/1h',
    });
    user = await server.registerAndSignIn();
    await server.call('POST', '/tasks/', { title: 't', description: 'd' }, user.access);
    await server.call('POST', '/api/token/refresh/', { refresh: user.refresh });
  });
  after(() => server.stop());

  const bearer = () => `Bearer ${user.access}`;
  /** The detail is that of the ordinary response, unless it is about fields. */
  const cases: Readonly<Record<string, readonly [() => WireRequest, number, string]>> = {
    'no token': [() => request('GET', '/tasks/'), 401, 'not_authenticated'],
    'a bad token': [() => request('GET', '/tasks/', { Authorization: 'Bearer x' }), 401, 'token_not_valid'],
    'a bad header': [
      () => request('GET', '/tasks/', { Authorization: 'Bearer' }),
      401,
      'bad_authorization_header',
    ],
    'a wrong password': [
      () => request('POST', '/api/token/', { body: '{"username":"x","password":"x"}' }),
      401,
      'no_active_account',
    ],
    'a bad refresh token': [
      () => request('POST', '/api/logout/', { body: '{"refresh":"x"}' }),
      401,
      'token_not_valid',
    ],
    'a task limit': [
      () => request('POST', '/tasks/', { Authorization: bearer(), body: '{"title":"t","description":"d"}' }),
      403,
      'task_limit_reached',
    ],
    'a missing task': [() => request('GET', '/tasks/9/', { Authorization: bearer() }), 404, 'not_found'],
    'an unknown path': [() => request('GET', '/nowhere/'), 404, 'not_found'],
    'a malformed id': [() => request('GET', '/tasks/x/'), 404, 'not_found'],
    'an unknown method': [() => request('PUT', '/api/token/'), 405, 'method_not_allowed'],
    'unreadable JSON': [() => request('POST', '/api/token/', { body: '{' }), 400, 'parse_error'],
    'missing fields': [() => request('POST', '/api/token/', { body: '{}' }), 400, 'invalid'],
    'no object': [() => request('POST', '/api/token/', { body: '[]' }), 400, 'invalid'],
    'a body that is too large': [
      () => request('POST', '/api/token/', { body: 'x'.repeat(1025) }),
      413,
      'request_too_large',
    ],
    'an unsupported type': [
      () => request('POST', '/api/token/', { body: '{}', 'Content-Type': 'text/plain' }),
      415,
      'unsupported_media_type',
    ],
    'a bad key': [
      () => request('POST', '/tasks/', { Authorization: bearer(), body: '{}', 'Idempotency-Key': '"' }),
      400,
      'idempotency_key_invalid',
    ],
    'a changed task': [
      () =>
        request('PATCH', '/tasks/1/', {
          Authorization: bearer(),
          'If-Match': '"other"',
          body: '{"title":"t"}',
        }),
      412,
      'precondition_failed',
    ],
    'a rate limit': [
      () => request('POST', '/api/token/refresh/', { body: '{"refresh":"x"}' }),
      429,
      'throttled',
    ],
    'an invalid host': [() => request('GET', '/', { Host: 'a b' }), 400, 'parse_error'],
    'an unknown transfer coding': [
      () => request('POST', '/api/token/', { 'Transfer-Encoding': 'gzip, chunked' }),
      501,
      'not_implemented',
    ],
  };

  function ask(sent: WireRequest, accept: string): Promise<WireResponse> {
    return server.send({ ...sent, headers: { ...sent.headers, Accept: accept } });
  }

  for (const [what, [makeRequest, status, code]] of Object.entries(cases)) {
    it(`has the code ${code} for ${what}, with status ${status} and the same headers`, async () => {
      const ordinary = await ask(makeRequest(), 'application/json, */*');
      expect(ordinary.status).to.equal(status);
      expect(ordinary.headers['content-type']).to.equal('application/json');
      expectProblem(await ask(makeRequest(), `application/json, ${problem}`), ordinary, code);
    });
  }

  for (const [what, error, code] of [
    ['an unexpected error', new Error('secret'), 'error'],
    ['an unavailable storage', new StorageUnavailable('error'), 'service_unavailable'],
  ] as const) {
    it(`has the code ${code} for ${what}`, async () => {
      const sent = request('GET', '/tasks/1/', { Authorization: bearer() });
      await withStub(
        server.storage.tasks,
        'find',
        () => () => Promise.reject(error),
        async () => {
          expectProblem(await ask(sent, problem), await ask(sent, 'application/json'), code);
        },
      );
    });
  }

  it('is not the form of responses that are no errors', async () => {
    for (const path of ['/tasks/', '/tasks/1/', '/api/account/']) {
      const response = await ask(request('GET', path, { Authorization: bearer() }), problem);
      expect([response.status, response.headers['content-type']]).to.deep.equal([200, 'application/json']);
    }
  });

  it('has no body in a response to HEAD', async () => {
    const response = await ask(request('HEAD', '/tasks/'), problem);
    expect([response.status, response.headers['content-type'], response.text]).to.deep.equal([
      401,
      problem,
      '',
    ]);
  });

  for (const accept of [
    problem,
    'APPLICATION/Problem+JSON',
    `text/html,${problem};q=0.1`,
    `*/*;q=0.5 , ${problem} ; charset=utf-8`,
    `${problem};q=0.001`,
    `${problem};q=x`,
  ]) {
    it(`is asked for by Accept: ${accept}`, () => {
      expect(acceptsProblem(accept)).to.equal(true);
    });
  }

  for (const accept of [
    undefined,
    '',
    '*/*',
    'application/*',
    'application/json',
    'application/problem+xml',
    `x${problem}`,
    `${problem}x`,
    `${problem};q=0`,
    `${problem}; Q=0.000`,
    `application/json;profile="${problem}"`,
  ]) {
    it(`is not asked for by Accept: ${accept ?? 'undefined'}`, () => {
      expect(acceptsProblem(accept)).to.equal(false);
    });
  }
});

function headersOf({ headers }: WireResponse): object {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !varying.includes(name)));
}

/** The request; its body, if it has one, is JSON. */
function request(
  method: string,
  path: string,
  { body, ...headers }: { readonly body?: string; readonly [header: string]: string } = {},
): WireRequest {
  const type = body === undefined ? {} : { 'Content-Type': 'application/json' };
  return { method, path, headers: { ...type, ...headers }, ...(body !== undefined && { body }) };
}

/** Expects the problem that stands for an ordinary error: all else is the same. */
function expectProblem(response: WireResponse, ordinary: WireResponse, code: string): void {
  const { detail, error, ...fields } = ordinary.json() as Record<string, unknown>;
  const { status } = ordinary;
  expect(response.text).to.equal(
    JSON.stringify({
      type: 'about:blank',
      title: STATUS_CODES[status],
      status,
      detail: detail ?? error ?? 'Invalid input.',
      code,
      ...(detail === undefined && error === undefined && { errors: fields }),
    }),
  );
  expect(response.headers['content-type']).to.equal(problem);
  expect(response.status).to.equal(status);
  expect(headersOf(response)).to.deep.equal(headersOf(ordinary));
}
