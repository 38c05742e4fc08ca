import { EventEmitter, once } from 'node:events';
import { expect } from 'chai';
import { createTask } from '../../../src/storage-contract/builders.js';
import { concurrently } from '../../../src/storage-contract/concurrency.js';
import { expectResponse, expectCommonHeaders, unavailable } from '../../support/responses.js';
import { claimsOf, sessionRefOf } from '../../support/json-web-token.js';
import { RawConnection } from '../../support/raw-connection.js';
import { withStub } from '../../support/with-stub.js';
import { RedisServer } from '../../support/redis-server.js';
import { RunningServer, withoutLimits, type LogLine, type SignedIn } from '../../support/running-server.js';
import { stopAfterEach } from '../../support/stop-after-each.js';
import { withEachStorage } from '../../support/storages.js';
import { waitFor } from '../../support/wait-for.js';

function forwardingWarnings(server: RunningServer): LogLine[] {
  return server.log.filter(({ message }) =>
    message.startsWith('X-Forwarded-For ignored because TRUST_PROXY is'),
  );
}

/** The line that was logged for the request with this id. */
function requestLine(server: RunningServer, id: string): Promise<LogLine> {
  return waitFor('the request is logged', () =>
    server.log.find(({ message, fields }) => message === 'request' && fields['requestId'] === id),
  );
}

describe('health endpoints', () => {
  const stopped = stopAfterEach();

  withEachStorage((start) => {
    let server: RunningServer;
    before(async () => {
      server = await start();
    });
    after(() => server.stop());

    it('serves GET /livez and /readyz without authentication', async () => {
      for (const access of [undefined, 'garbage']) {
        expectResponse(await server.call('GET', '/livez', undefined, access), 200, { status: 'live' });
        expectResponse(await server.call('GET', '/readyz', undefined, access), 200, { status: 'ready' });
      }
    });

    it('returns an empty body to HEAD /livez and HEAD /readyz/', async () => {
      for (const path of ['/livez', '/readyz/']) {
        const response = await server.call('HEAD', path);
        expect([response.status, response.text]).to.deep.equal([200, '']);
        expectCommonHeaders(response);
      }
    });
  });

  it('responds to /readyz with 200 and a warning about a Redis that keeps nothing on disk', async () => {
    const redis = stopped(await RedisServer.start({ args: ['--save', ''] }));
    const server = stopped(await RunningServer.start({ STORAGE: 'redis', REDIS_URL: redis.url }));
    await waitFor('it is ready', async () => (await server.call('GET', '/readyz')).status === 200);
    const warnings = [
      'Redis keeps nothing on its disk, and a restart loses everything: set appendonly to yes.',
    ];
    expectResponse(await server.call('GET', '/readyz'), 200, { status: 'ready', warnings });
    expect(server.log.filter(({ message }) => message === warnings[0])).to.have.length(1);
  });

  it('responds with 200 to /livez and 503 to /readyz while the storage is unavailable', async () => {
    const redis = stopped(await RedisServer.start());
    const server = stopped(await RunningServer.start({ STORAGE: 'redis', REDIS_URL: redis.url }));
    await redis.kill();
    const startedAt = Date.now();
    const ready = await server.call('GET', '/readyz');
    expect(ready.status).to.equal(503);
    const { status, reasons } = ready.json() as { status: string; reasons: string[] };
    expect(status).to.equal('degraded');
    expect(reasons).to.have.length(1);
    expect(reasons[0]).to.match(/^The storage does not answer \([\w ]+\)\. Is it running\?$/);
    expectResponse(await server.call('GET', '/livez'), 200, { status: 'live' });
    expect(Date.now() - startedAt).to.be.lessThan(1500);
  });

  it('responds with 200 to /livez and 503 to /readyz while the server is draining', async () => {
    const server = stopped(await RunningServer.start());
    server.startDraining();
    expectResponse(await server.call('GET', '/readyz'), 503, { status: 'stopping' });
    expectResponse(await server.call('GET', '/livez'), 200, { status: 'live' });
    expect((await server.call('POST', '/api/token/', {})).status).to.equal(400);
  });
});

describe('the access log', () => {
  let server: RunningServer;
  let user: SignedIn;
  let requests = 0;
  before(async () => {
    server = await RunningServer.start();
    user = await server.registerAndSignIn();
  });
  after(() => server.stop());

  const returnedId = async (id?: string) => {
    const headers = id === undefined ? {} : { 'X-Request-Id': id };
    const response = await server.send({ method: 'GET', path: '/livez', headers });
    return String(response.headers['x-request-id']);
  };

  /** Sends a request and returns its line in the log. */
  async function lineOf(
    method: string,
    path: string,
    { access, body }: { readonly access?: string; readonly body?: object } = {},
  ): Promise<LogLine> {
    const id = `request-${++requests}`;
    const headers = {
      'X-Request-Id': id,
      ...(access !== undefined && { Authorization: `Bearer ${access}` }),
      ...(body && { 'Content-Type': 'application/json' }),
    };
    await server.send({ method, path, headers, ...(body && { body: JSON.stringify(body) }) });
    return requestLine(server, id);
  }

  it('logs one line for each request, with method, route, user, status and duration', async () => {
    const { level, fields } = await lineOf('GET', '/tasks/007/?limit=1', { access: user.access });
    const { durationMs, ...others } = fields;
    expect(level).to.equal('info');
    expect(durationMs).to.be.a('number').within(0, 20_000);
    expect(others).to.deep.equal({
      requestId: `request-${requests}`,
      address: '127.0.0.1',
      method: 'GET',
      route: '/tasks/:taskId',
      status: 404,
      userId: claimsOf(user.access)['user_id'],
      failure: undefined,
      aborted: undefined,
    });
    await lineOf('GET', '/livez');
    const lines = server.log.filter((line) => line.fields['requestId'] === fields['requestId']);
    expect(lines).to.have.length(1);
  });

  it('logs the pattern of the route, if a route matches', async () => {
    const { access } = user;
    const body = { title: 't', description: 'd' };
    for (const [method, path, route, status] of [
      ['POST', '/tasks/create', '/tasks/create', 201],
      ['PUT', '/tasks/1/update/', '/tasks/:taskId/update', 200],
      ['GET', '/tasks', '/tasks', 200],
      ['DELETE', '/tasks/1/delete/', '/tasks/:taskId/delete', 200],
      ['POST', '/api/token/', '/api/token', 400],
      ['POST', '/tasks/', '/tasks', 201],
      ['PATCH', '/tasks/2/', '/tasks/:taskId', 200],
      ['POST', '/tasks/1/', '/tasks/:taskId', 405],
      ['OPTIONS', '/tasks/1/', '/tasks/:taskId', 204],
      ['GET', '/tasks/x/', undefined, 404],
      ['GET', '/nowhere', undefined, 404],
    ] as const) {
      const { fields } = await lineOf(method, path, { access, ...(method.startsWith('P') && { body }) });
      expect({ route: fields['route'], status: fields['status'] }).to.deep.equal({ route, status });
    }
  });

  it('logs health checks at the level debug, and at warn while they fail', async () => {
    const degraded = await RunningServer.start();
    for (const path of ['/livez', '/readyz/']) await degraded.call('GET', path);
    degraded.startDraining();
    await degraded.call('GET', '/readyz');
    await degraded.stop();
    const lines = degraded.log.filter(({ message }) => message === 'request');
    expect(lines.map(({ level }) => level)).to.deep.equal(['debug', 'debug', 'warn']);
  });

  it('logs the address of the client as TRUST_PROXY says', async () => {
    const behindProxy = await RunningServer.start({ TRUST_PROXY: '1' });
    const headers = { 'X-Forwarded-For': '198.51.100.1, 203.0.113.9' };
    await behindProxy.send({ method: 'GET', path: '/tasks/', headers });
    await behindProxy.stop();
    expect(behindProxy.log.at(-1)?.fields).to.have.property('address', '203.0.113.9');
  });

  it('logs no user id for a rejected token', async () => {
    for (const access of [undefined, 'garbage', user.refresh, `${user.access}x`]) {
      const { fields } = await lineOf('GET', '/tasks/', access === undefined ? {} : { access });
      expect([fields['status'], fields['userId']]).to.deep.equal([401, undefined]);
    }
    const ended = await server.registerAndSignIn();
    await server.call('POST', '/api/logout/', { refresh: ended.refresh });
    const { fields } = await lineOf('POST', '/tasks/create/', { access: ended.access, body: {} });
    expect([fields['status'], fields['userId']]).to.deep.equal([401, undefined]);
  });

  describe('request ids', () => {
    for (const id of ['a', 'A-1_2.3', 'x'.repeat(64), '7f1c6f0e-6a0e-4c8e-9d58-8a1b6b8f8c11']) {
      it(`logs and returns the X-Request-Id ${id.slice(0, 40)}`, async () => {
        expect(await returnedId(id)).to.equal(id);
        await requestLine(server, id);
      });
    }

    for (const id of [
      undefined,
      '',
      'x'.repeat(65),
      'a b',
      'a,b',
      'a"b',
      '{}',
      '<b>',
      'a\tb',
      '\u00e9',
      'a/b',
      '${x}',
    ]) {
      it(`logs and returns a new request id instead of the X-Request-Id ${JSON.stringify(id) ?? 'none'}`, async () => {
        const [first, second] = [await returnedId(id), await returnedId(id)];
        expect(first).to.match(/^[0-9a-f-]{36}$/);
        expect(second).to.not.equal(first);
        await requestLine(server, first);
      });
    }
  });

  it('warns once about X-Forwarded-For while TRUST_PROXY is none', async () => {
    const headers = { 'X-Forwarded-For': '203.0.113.9' };
    for (let i = 0; i < 3; i++) await server.send({ method: 'GET', path: '/livez', headers });
    expect(forwardingWarnings(server).map(({ level }) => level)).to.deep.equal(['warn']);
    const trusting = await RunningServer.start({ TRUST_PROXY: '1' });
    await trusting.send({ method: 'GET', path: '/livez', headers });
    await trusting.stop();
    expect(forwardingWarnings(trusting)).to.deep.equal([]);
  });

  it('logs an aborted request when the client disconnects before the response', async () => {
    const connection = await RawConnection.open(server.port);
    const abortThen =
      <A extends unknown[], R>(list: (...args: A) => Promise<R>) =>
      async (...args: A) => {
        connection.abort();
        // When these responses are here, the server has noticed.
        for (let i = 0; i < 2; i++) await server.call('GET', '/livez');
        return list(...args);
      };
    const headers = ['Host: x', `Authorization: Bearer ${user.access}`, 'X-Request-Id: left'];
    await withStub(server.storage.tasks, 'list', abortThen, async () => {
      connection.sendRequest(['GET /tasks/ HTTP/1.1', ...headers]);
      await requestLine(server, 'left');
    });
    const { level, fields } = await requestLine(server, 'left');
    expect(level).to.equal('info');
    expect(fields).to.include({ aborted: true, route: '/tasks' });
  });
});

const canary = 'Canary-5c1d';

class UnexpectedError extends TypeError {
  override readonly name = 'UnexpectedError';
  readonly command = ['SET', canary];
}

/** Makes a method fail while some work is done. */
function whileFailing<T extends object>(
  owner: T,
  method: keyof T & string,
  error: unknown,
  work: () => Promise<void>,
): Promise<void> {
  const fail = () => Promise.reject(error);
  return withStub(owner, method, () => fail as T[typeof method], work);
}

/** The log, without the names of failed sign-ins, which stand there on purpose. */
function logWithoutGivenNames({ log }: RunningServer): string {
  return JSON.stringify(
    log.map((line) =>
      line.fields['event'] === 'sign_in_failed'
        ? { ...line, fields: { ...line.fields, username: '' } }
        : line,
    ),
  );
}

describe('text that clients send', () => {
  const stopped = stopAfterEach();

  withEachStorage((start) => {
    let server: RunningServer;
    let user: SignedIn;
    before(async () => {
      server = await start();
      user = await server.registerAndSignIn(canary);
    });
    after(() => server.stop());

    /** Sends the word wherever a client can send text, and returns the bodies of all responses. */
    async function sendEverywhere(): Promise<string[]> {
      const { access, refresh, username, password } = user;
      const fields = { title: canary, description: canary, status: canary, username, password: canary };
      const requests: [method: string, path: string, body?: unknown][] = [
        ['POST', '/tasks/register/', { username: `${canary}-new`, password: `${canary}-secret` }],
        ['POST', '/tasks/register/', { username: `${canary} `, password: canary }],
        ['POST', '/tasks/register/', fields],
        ['POST', '/api/token/', { username, password }],
        ['POST', '/api/token/', { username, password: canary }],
        ['POST', '/api/token/', { username: canary, password: canary }],
        ['POST', '/api/token/refresh/', { refresh }],
        ['POST', '/api/token/refresh/', { refresh: canary }],
        ['POST', '/api/token/verify/', { token: access }],
        ['POST', '/api/token/verify/', { token: canary }],
        ['POST', '/api/logout/', { refresh: canary }],
        ['POST', '/tasks/create/', { title: canary, description: canary }],
        ['POST', '/tasks/create/', fields],
        ['GET', '/tasks/1/'],
        ['PUT', '/tasks/1/update/', { title: canary }],
        ['GET', `/tasks/?limit=${canary}&after=${canary}&${canary}=${canary}`],
        ['GET', '/tasks/'],
        ['GET', `/${canary}/`],
        ['GET', `/tasks/${canary}/`],
        ['DELETE', '/tasks/1/delete/'],
      ];
      const texts: string[] = [];
      for (const [method, path, body] of requests)
        texts.push((await server.call(method, path, body, access)).text);

      const oddHeaders = {
        'X-Request-Id': `${canary}?`,
        'User-Agent': canary,
        Cookie: canary,
        Referer: canary,
      };
      for (const [headers, body] of [
        [{ Authorization: `Bearer ${canary}` }, ''],
        [{ Authorization: canary }, ''],
        [{ 'Content-Type': canary }, canary],
        [{ 'Content-Encoding': canary }, canary],
        [{ 'Content-Type': 'application/json' }, `{"${canary}`],
        [{ 'Content-Type': 'application/json' }, JSON.stringify(canary.repeat(20_000))],
        [{ 'Content-Type': 'application/x-www-form-urlencoded' }, `title=${canary}`],
      ] as const) {
        const given = { Authorization: `Bearer ${access}`, ...oddHeaders, ...headers };
        const response = await server.send({ method: 'POST', path: '/tasks/create/', headers: given, body });
        texts.push(response.text);
      }

      const connection = await RawConnection.open(server.port);
      connection.send(`GET /tasks/ HTTP/1.1\r\n${canary}\r\n\r\n`);
      texts.push((await connection.response()).text);
      connection.close();
      return texts;
    }

    it('never appears in the log, wherever a client sends it, except as the name of a failed sign-in', async () => {
      const texts = await sendEverywhere();
      expect(texts.filter((text) => text.includes(canary))).to.not.deep.equal([]);
      expect(texts.filter((text) => text.includes('Internal'))).to.deep.equal([]);
      await waitFor('all are logged', () => server.log.length >= texts.length - 1);
      expect(logWithoutGivenNames(server)).to.not.include(canary);
      for (const secret of [user.access, user.refresh, user.password, user.username])
        expect(logWithoutGivenNames(server)).to.not.include(secret);
    });

    it('never appears in the log or a response header, for any path, field and header', async () => {
      const all = stopped(await start(withoutLimits));
      const { access } = await all.registerAndSignIn(canary);
      const names = 'username password old_password new_password refresh token title description status';
      const fields = Object.fromEntries(names.split(' ').map((name) => [name, canary]));
      const headers = Object.fromEntries(
        'Idempotency-Key X-Forwarded-For Forwarded X-Request-Id User-Agent Origin Accept X-HTTP-Method-Override'
          .split(' ')
          .map((name) => [name, `${canary}"`]),
      );
      const bodies = [
        ['application/json', JSON.stringify(fields)],
        ['application/json', `{"${canary}":"${canary}","__proto__":{"title":"${canary}"}}`],
        ['application/x-www-form-urlencoded', new URLSearchParams(fields).toString()],
        [canary, canary],
      ] as const;
      const ids = ['1', '0'.repeat(32), canary];
      const targets = all.paths.flatMap((path) => ids.map((id) => path.replace(/:\w+/, id)));
      for (const target of new Set(targets)) {
        for (const method of ['GET', 'POST', 'PUT', 'DELETE']) {
          for (const [type, body] of bodies) {
            const response = await all.send({
              method,
              path: `${target}/?${canary}=${canary}&limit=${canary}&token=${canary}`,
              headers: { ...headers, Authorization: `Bearer ${access}`, 'Content-Type': type },
              body,
            });
            expect(response.status, `${method} ${target}`).to.be.lessThan(500);
            expect(JSON.stringify(response.headers)).to.not.include(canary);
          }
        }
      }
      const routes = new Set(all.log.map((line) => line.fields['route']));
      expect(all.paths.filter((path) => !routes.has(path))).to.deep.equal([]);
      for (const secret of [canary, access]) expect(logWithoutGivenNames(all)).to.not.include(secret);
    });

    describe('on unexpected errors', () => {
      const failures: readonly (readonly [name: string, error: unknown, kind: string])[] = [
        ['an error', new UnexpectedError(`no ${canary}\n    at ${canary}`), 'UnexpectedError'],
        ['a text', canary, 'string'],
        ['nothing', undefined, 'undefined'],
        ['an object with a status', { status: 418, message: canary, expose: true, body: canary }, 'object'],
        ['an HTTP error', Object.assign(new Error(canary), { status: 404, expose: true }), 'Error'],
        ['an error with a code', Object.assign(new Error(canary), { code: 'EMFILE' }), 'Error EMFILE'],
        ['an error whose code is no code', Object.assign(new Error(canary), { code: canary }), 'Error'],
        [
          'an error whose cause has a code',
          new Error(canary, { cause: Object.assign(new Error(canary), { code: 'EPIPE' }) }),
          'Error EPIPE',
        ],
      ];
      for (const [name, error, kind] of failures) {
        it(`never appears in the log or a response if ${name} is thrown`, async () => {
          const { users, sessions, tasks } = server.storage;
          const { access, refresh } = user;
          const credentials = { username: canary, password: 'Xk9-fence-Orbit' };
          const task = { title: canary, description: canary };
          const before = server.log.length;
          const expectFailure = async (method: string, path: string, body?: object, token?: string) => {
            const response = await server.call(method, path, body, token);
            expectResponse(response, 500, { detail: 'Internal server error.' });
            const line = await requestLine(server, String(response.headers['x-request-id']));
            expect([line.level, line.fields['failure']]).to.deep.equal(['warn', kind]);
          };

          await whileFailing(users, 'findByName', error, async () => {
            await expectFailure('POST', '/tasks/register/', credentials);
            await expectFailure('POST', '/api/token/', credentials);
          });
          await whileFailing(users, 'add', error, () =>
            expectFailure('POST', '/tasks/register/', credentials),
          );
          await whileFailing(sessions, 'open', error, () => expectFailure('POST', '/api/token/', user));
          await whileFailing(sessions, 'find', error, async () => {
            await expectFailure('POST', '/api/token/refresh/', { refresh });
            await expectFailure('POST', '/api/token/verify/', { token: access });
            await expectFailure('POST', '/api/password/change/', credentials, access);
          });
          await whileFailing(sessions, 'end', error, () =>
            expectFailure('POST', '/api/logout/', { refresh }),
          );
          await whileFailing(tasks, 'list', error, () => expectFailure('GET', '/tasks/', undefined, access));
          await whileFailing(tasks, 'create', error, () =>
            expectFailure('POST', '/tasks/create/', task, access),
          );
          await whileFailing(tasks, 'find', error, () =>
            expectFailure('GET', '/tasks/1/', undefined, access),
          );
          await whileFailing(tasks, 'remove', error, () =>
            expectFailure('DELETE', '/tasks/1/delete/', undefined, access),
          );

          const lines = server.log.slice(before);
          const unexpected = lines.filter(({ level }) => level === 'error');
          expect(unexpected).to.have.length(12);
          for (const { fields } of unexpected) expect(fields['kind']).to.equal(kind);
          expect(JSON.stringify(lines)).to.not.include(canary);
        });
      }

      it('closes the connection if a long list fails after its response has begun', async () => {
        const { tasks } = server.storage;
        const owner = await server.registerAndSignIn();
        const session = sessionRefOf(owner.access);
        const draft = { title: 't', description: 'd', status: 'pending' } as const;
        await concurrently(1001, () => createTask(server.storage, session, draft));

        const connection = await RawConnection.open(server.port);
        const events = new EventEmitter();
        const begun = once(events, 'begun');
        const failLater =
          (list: typeof tasks.list): typeof tasks.list =>
          async (by, page) => {
            if (page.after === 0) return list(by, page);
            await begun; // Before that, Node may still buffer the first page, and abort with nothing sent.
            throw new UnexpectedError(canary);
          };
        const headers = ['Host: x', `Authorization: Bearer ${owner.access}`, 'X-Request-Id: breaks-off'];
        let received = '';
        await withStub(tasks, 'list', failLater, async () => {
          connection.sendRequest(['GET /tasks/ HTTP/1.1', ...headers]);
          await connection.beginning();
          events.emit('begun');
          received = await connection.end();
        });
        connection.close();

        expect(received).to.match(/^HTTP\/1\.1 200 OK\r\n/);
        expect(received).to.not.match(/\r\n0\r\n\r\n$/);
        const { fields } = await requestLine(server, 'breaks-off');
        expect(fields).to.include({ failure: 'UnexpectedError', aborted: true });
        expect(logWithoutGivenNames(server)).to.not.include(canary);
      });
    });
  });

  it('never appears in the log when the storage becomes unavailable', async () => {
    const redis = stopped(await RedisServer.start());
    const server = stopped(await RunningServer.start({ STORAGE: 'redis', REDIS_URL: redis.url }));
    const { access, refresh } = await server.registerAndSignIn(canary);
    await redis.kill();
    const credentials = { username: canary, password: `${canary}-secret` };
    for (const [method, path, body] of [
      ['POST', '/tasks/register/', credentials],
      ['POST', '/api/token/', credentials],
      ['POST', '/api/token/refresh/', { refresh }],
      ['POST', '/tasks/create/', { title: canary, description: canary }],
    ] as const) {
      const response = await server.call(method, path, body, path === '/tasks/create/' ? access : undefined);
      expectResponse(response, 503, unavailable);
      const line = await requestLine(server, String(response.headers['x-request-id']));
      expect(line.level).to.equal('warn');
      expect(line.fields['failure']).to.match(/^storage: ./);
    }
    const log = logWithoutGivenNames(server);
    for (const secret of [canary, access, refresh]) expect(log).to.not.include(secret);
  });
});
