import { Agent } from 'node:http';
import { expect } from 'chai';
import { send, type WireRequest } from '../support/http-client.js';
import { RawConnection } from '../support/raw-connection.js';
import { report } from '../support/report.js';
import { RunningServer, withoutLimits, type SignedIn } from '../support/running-server.js';
import { ServerProcess } from '../support/server-process.js';

/**
 * The worst input of each kind goes through every text field, body, query, header and path, signed in and not. Who adds
 * an endpoint adds a row to `places`; who finds another kind of input adds it to the table of its kind.
 */

/** Others wait no longer, in milliseconds, or five times as long as a harmless input of the same size takes. */
const bound = { milliseconds: 100, timesHarmless: 5 };
/** The machine does other things as well: an input is too slow if it is so every time. */
const tries = 4;

/** Bytes: a little less than BODY_LIMIT, and than Node allows a head to have. */
const bodyBytes = 1_000_000;
const headBytes = 15_000;

const fill = (unit: string, bytes = bodyBytes) => unit.repeat(Math.floor(bytes / Buffer.byteLength(unit)));
const marks = (bytes = bodyBytes) => fill('\u0315', bytes / 2) + fill('\u0316', bytes / 2);

/** Texts, for fields of every format. */
const texts: Readonly<Record<string, string>> = {
  'combining marks of two classes': marks(),
  'a letter and combining marks of many classes': `a${fill('\u0316\u0315\u0334\u05b0\u3099')}`,
  'ligatures that become eighteen letters': fill('\ufdfa'),
  'Hangul in parts': fill('\u1100\u1161\u11a8'),
  'letters of two code units': fill('𐐨'),
  'capital sigmas': fill('Σ'),
  'blanks inside': `x${fill(' ')}x`,
  'blanks only': fill('\u3000'),
  digits: fill('1'),
  'digits of another script': fill('٣'),
  'dots and dashes': fill('.-'),
  'a token of dots': fill('.', 4000),
};

/** Values of fields as JSON. */
const values: Readonly<Record<string, string>> = {
  'a number of many digits': fill('7'),
  'a fraction of many digits': `0.${fill('7')}`,
  'a huge exponent': `1e${fill('9')}`,
  'escaped quotes': `"${fill('\\"')}"`,
  'escaped letters': `"${fill('\\u0041')}"`,
  'escaped surrogates': `"${fill('\\ud800')}"`,
  'escaped NULs': `"${fill('\\u0000')}"`,
  'a deep list': fill('[', bodyBytes / 2) + fill(']', bodyBytes / 2),
  'deep objects': `${fill('{"a":')}1`,
  'a list of 900 levels': '['.repeat(900) + ']'.repeat(900),
  'a list of short values': `[${fill('1,')}1]`,
  'a list of empty lists': `[${fill('[],')}1]`,
  'a list of objects of different shapes': `[${manyOf((i) => `{"${i.toString(36)}":0}`)}]`,
  'as many objects of different shapes as there may be': `[${manyOf((i) => `{"${i.toString(36)}":0}`, 9_000)}]`,
  'as many huge numbers as there may be': `[${manyOf(() => '7'.repeat(100), 9_000)}]`,
};

/** Whole bodies, by their type. */
const json = 'application/json';
const form = 'application/x-www-form-urlencoded';
const multipart = 'multipart/form-data; boundary=XbX';
const bodies: Readonly<Record<string, readonly [type: string, body: string]>> = {
  'an object of many names': [json, `{${manyOf((i) => `"${i.toString(36)}":0`)}}`],
  'an object of many numbers as names': [json, `{${manyOf((i) => `"${(i * 7919) % 4294967291}":0`)}}`],
  'an object of as many names as there may be': [json, `{${manyOf((i) => `"${i.toString(36)}":0`, 9_000)}}`],
  'one name again and again': [json, `{${manyOf(() => '"title":"t"')}}`],
  'a text that does not end': [json, `{"title":"${fill('t')}`],
  backslashes: [json, fill('\\')],
  quotes: [json, fill('"')],
  'blanks around nothing': [json, fill(' ')],
  'a number of many digits as the body': [json, fill('7')],
  'blanks around a number': [json, `${fill(' ', bodyBytes / 2)}1${fill(' ', bodyBytes / 2)}`],
  'bytes that are no UTF-8': [json, `{"title":"${fill('\xff')}`],
  'a charset of one byte': [`${json}; charset=iso-8859-1`, `{"title":"${fill('é')}","x":1e400}`],
  'many parameters': [form, fill('a&')],
  'as many parameters as there may be': [form, fill(`${'a'.repeat(900)}&`, 900_000)],
  'ampersands only': [form, fill('&')],
  'equals signs only': [form, fill('=')],
  'escapes of a form': [form, `title=${fill('%41')}`],
  'escapes of a form that are none': [form, `title=${fill('%')}`],
  'pluses only': [form, `title=${fill('+')}`],
  'escapes in a charset of one byte': [`${form}; charset=us-ascii`, `title=${fill('%E9')}`],
  'many parts': [multipart, fill('--XbX\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n')],
  'as many parts as there may be': [
    multipart,
    `${'--XbX\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'.repeat(1000)}--XbX--`,
  ],
  'parts of nothing': [multipart, fill('--XbX\r\n')],
  'a header of a megabyte': [multipart, `--XbX\r\nX: ${fill('x')}\r\n\r\n1\r\n--XbX--`],
  'headers of as many bytes as there may be': [
    multipart,
    `${fill(`--XbX\r\nContent-Disposition: form-data; name="${'\\"'.repeat(4000)}"\r\n\r\n1\r\n`)}--XbX--`,
  ],
  'folded headers': [multipart, `${fill(`--XbX\r\nX: y${'\r\n z'.repeat(2000)}\r\n\r\n1\r\n`)}--XbX--`],
  'what is nearly a boundary': [multipart, `--XbX\r\nX: y\r\n\r\n${fill('\r\n--Xb')}\r\n--XbX--`],
  'what is nearly a long boundary': [
    `multipart/form-data; boundary=${'-'.repeat(200)}`,
    `--${'-'.repeat(200)}\r\nX: y\r\n\r\n${fill(`\r\n--${'-'.repeat(199)}`)}`,
  ],
  'base64 of a part': [
    multipart,
    `--XbX\r\nContent-Disposition: form-data; name="title"\r\nContent-Transfer-Encoding: base64\r\n\r\n${fill('=A')}\r\n--XbX--`,
  ],
  'a type that is not read': ['text/plain', fill('x')],
};

const queries: Readonly<Record<string, string>> = {
  'many parameters': fill('a&', headBytes),
  'many values of a known parameter': fill('limit=1&', headBytes),
  'ampersands only': fill('&', headBytes),
  escapes: fill('%41', headBytes),
  'escapes that are none': fill('%', headBytes),
  'many parameters to be linked to': `limit=1&${fill('>&', headBytes / 4)}`,
  'a number of many digits': `limit=1&after=${fill('0', headBytes)}`,
  'blanks around a number': `limit=${fill('+', headBytes / 2)}1${fill('+', headBytes / 2)}x`,
  'question marks': fill('?', headBytes),
  'many statuses': `status=${fill('pending,', headBytes)}`,
  'commas for statuses': `status=${fill(',', headBytes)}`,
  'blanks around a search': `search=${fill('+', headBytes / 2)}x${fill('+', headBytes / 2)}`,
  'a long text to search for': `search=${fill('a', headBytes)}`,
  'blanks around an order': `ordering=${fill('+', headBytes / 2)}x${fill('+', headBytes / 2)}`,
};

const headers: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'a token of letters': { Authorization: `Bearer ${fill('a', headBytes)}` },
  'a token of dots': { Authorization: `Bearer ${fill('.', headBytes)}` },
  'a token as long as it may be': { Authorization: `Bearer ${fill('eyJhbGciOiJIUzI1NiJ9.', 4090)}` },
  'many tokens': { Authorization: `Bearer${fill(' a', headBytes)}` },
  'blanks after the scheme': { Authorization: `Bearer ${fill(' \t', headBytes)}x` },
  'a scheme of blanks inside': { Authorization: `B${fill(' ', headBytes)}x` },
  cookies: { Cookie: fill('a=b; ', headBytes) },
  'a long id of the request': { 'X-Request-Id': fill('-', headBytes) },
  'a long idempotency key': { 'Idempotency-Key': `"${fill('x', headBytes)}"` },
  'quotes as an idempotency key': { 'Idempotency-Key': fill('"', headBytes) },
  'many proxies': { 'X-Forwarded-For': `${fill('127.0.0.1, ', headBytes)}127.0.0.1` },
  'many proxies in IPv6': { 'X-Forwarded-For': `${fill('::ffff:127.0.0.1,', headBytes)}::1` },
  'commas for proxies': { 'X-Forwarded-For': fill(',', headBytes) },
  'blanks for proxies': { 'X-Forwarded-For': `1${fill(' ', headBytes)}1` },
  'a type of many parameters': { 'Content-Type': `${json}${fill(';a=b', headBytes)}` },
  'a type of open quotes': { 'Content-Type': `${json}${fill(';a="\\"', headBytes)}` },
  'a type of semicolons and blanks': { 'Content-Type': `${json}${fill('; ', headBytes)}x` },
  'a long boundary': { 'Content-Type': `multipart/form-data; boundary="${fill('\\"', headBytes)}"` },
  'many encodings': { 'Content-Encoding': fill('gzip,', headBytes) },
  'many problems to accept': { Accept: fill('application/problem+json;q=0,', headBytes) },
  'a quality of many zeros': { Accept: `application/problem+json;q=0.${fill('0', headBytes)}x` },
  'blanks around a quality': { Accept: `application/problem+json;q${fill(' ', headBytes)}x` },
  'a long origin': { Origin: `http://localhost:${fill('1', headBytes)}` },
  'many origins': { Origin: fill('http://localhost, ', headBytes) },
  'many types to accept': { Accept: fill('a/b;q=0.1,', headBytes) },
  'many entity tags': { 'If-None-Match': fill('"a", ', headBytes), 'If-Match': '"a"' },
  'many weak entity tags': { 'If-Match': fill('W/"a",', headBytes) },
  'quotes for entity tags': { 'If-None-Match': `${fill('"', headBytes)}x` },
  'commas for entity tags': { 'If-Match': `${fill(',', headBytes)}x` },
  'blanks for entity tags': { 'If-None-Match': `"a"${fill(' \t', headBytes)}x` },
  'many headers': Object.fromEntries(Array.from({ length: 900 }, (_, i) => [`X-${i}`, 'x'])),
};

const preflights: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'a long origin': { Origin: `http://localhost:${fill('1', headBytes)}` },
  'a long method': { 'Access-Control-Request-Method': fill('X', headBytes) },
  'many headers to allow': { 'Access-Control-Request-Headers': fill('x,', headBytes) },
  'a long header to allow': { 'Access-Control-Request-Headers': fill('x', headBytes) },
  'blanks between headers to allow': { 'Access-Control-Request-Headers': `x${fill(' \t', headBytes)}x` },
  'commas for headers to allow': { 'Access-Control-Request-Headers': fill(',', headBytes) },
  'many headers': Object.fromEntries(Array.from({ length: 900 }, (_, i) => [`X-${i}`, 'x'])),
};

const paths: Readonly<Record<string, string>> = {
  slashes: fill('/', headBytes),
  'many segments': fill('/a', headBytes),
  'an id of many digits': `/tasks/${fill('1', headBytes)}/`,
  'an id of many digits to be changed': `/tasks/${fill('1', headBytes)}/update/x`,
  'slashes behind an id': `/tasks/1${fill('/', headBytes)}`,
  escapes: `/tasks/${fill('%31', headBytes)}/`,
  'escapes of slashes': `/tasks${fill('%2F', headBytes)}`,
  'escapes that are none': `/tasks/${fill('%', headBytes)}`,
  'escapes of what is no UTF-8': `/tasks/${fill('%FF', headBytes)}`,
  dots: `/tasks${fill('/..', headBytes)}`,
  'a session of many digits': `/api/sessions/${fill('a', headBytes)}/`,
  'a host of many letters': `http://${fill('a', headBytes)}/tasks/`,
  'a host of many dots': `http://${fill('a.', headBytes)}/tasks/`,
  'a user of many at signs': `http://${fill('@', headBytes)}/tasks/`,
  'many hashes': `/tasks/${fill('#', headBytes)}`,
  'many backslashes': `/tasks/${fill('\\', headBytes)}`,
};

/** An endpoint, and the fields of its body with values that are good, or would be. */
interface Place {
  readonly route: string;
  readonly method: string;
  readonly fields?: Readonly<Record<string, string>>;
}

const password = 'Xk9-fence-Orbit';
const task = { title: 't', description: 'd', status: 'pending' };
const places: readonly Place[] = [
  { route: '/tasks/register', method: 'POST', fields: { username: 'somebody', password } },
  { route: '/api/token', method: 'POST', fields: { username: 'somebody', password } },
  { route: '/api/token/refresh', method: 'POST', fields: { refresh: 'x' } },
  { route: '/api/token/verify', method: 'POST', fields: { token: 'x' } },
  { route: '/api/token/blacklist', method: 'POST', fields: { refresh: 'x' } },
  { route: '/api/logout', method: 'POST', fields: { refresh: 'x' } },
  { route: '/api/logout/all', method: 'POST' },
  { route: '/api/sessions', method: 'GET' },
  { route: '/api/sessions/:sessionId', method: 'DELETE' },
  {
    route: '/api/password/change',
    method: 'POST',
    fields: { old_password: password, new_password: 'x' },
  },
  {
    route: '/api/password/reset/confirm',
    method: 'POST',
    fields: { token: `1-${'0'.repeat(32)}`, new_password: password },
  },
  { route: '/api/account/export', method: 'GET' },
  { route: '/api/account', method: 'DELETE', fields: { password: 'wrong' } },
  { route: '/api/admin/users', method: 'GET' },
  { route: '/api/admin/users/:userId', method: 'GET' },
  { route: '/api/admin/users/:userId/activate', method: 'POST' },
  { route: '/api/admin/users/:userId/deactivate', method: 'POST', fields: { password: 'wrong' } },
  { route: '/api/admin/users/:userId/end-sessions', method: 'POST', fields: { password: 'wrong' } },
  { route: '/api/admin/stats', method: 'GET' },
  { route: '/api/admin/audit', method: 'GET' },
  { route: '/tasks', method: 'GET' },
  { route: '/tasks/create', method: 'POST', fields: task },
  { route: '/tasks/:taskId', method: 'GET' },
  { route: '/tasks/:taskId/update', method: 'PUT', fields: task },
  { route: '/tasks/:taskId/delete', method: 'DELETE' },
  { route: '/livez', method: 'GET' },
  { route: '/readyz', method: 'GET' },
  { route: '/.well-known/jwks.json', method: 'GET' },
  { route: '/openapi.json', method: 'GET' },
  { route: '/api/schema', method: 'GET' },
];

describe('worst-case input (ReDoS) does not block other requests', () => {
  let server: ServerProcess;
  let user: SignedIn;
  const probes = new Agent({ keepAlive: true, maxSockets: 1 });
  before(async () => {
    const environment = { BCRYPT_COST: '4', TRUST_PROXY: '127.0.0.1,::1', ...withoutLimits };
    server = await ServerProcess.start(environment, { lifetime: 10 * 60_000 });
  });
  beforeEach(async () => {
    user = await server.registerAndSignIn();
    for (let i = 0; i < 3; i++) await server.call('POST', '/tasks/create/', task, user.access);
  });
  after(async () => {
    probes.destroy();
    await server.kill();
  });

  it('in requests to any known path', async () => {
    const known = await RunningServer.start();
    await known.stop();
    expect(places.map(({ route }) => route)).to.have.members(known.paths);
  });

  it('in a preflight', async () => {
    await expectPatience(preflight('/tasks/1/', { X: fill('x', headBytes) }), [
      ...inputs(preflights, (extra) => preflight('/tasks/1/', extra)),
      ...inputs(paths, (path) => preflight(path)),
    ]);
  }).timeout(120_000);

  for (const access of [true, false]) {
    const who = access ? 'somebody who is signed in' : 'a stranger';
    const authorization = (): Record<string, string> =>
      access ? { Authorization: `Bearer ${user.access}` } : {};
    const askFor = (path: string): WireRequest => ({ method: 'GET', path, headers: authorization() });

    it(`in a path from ${who}`, async () => {
      await expectPatience(askFor(`/${'x'.repeat(headBytes)}`), inputs(paths, askFor));
    }).timeout(120_000);

    for (const { method, route, fields } of places) {
      const path = `${route.replace(/:\w+/, '1')}/`;
      const ask = (query: string, extra: Readonly<Record<string, string>> = {}): WireRequest => {
        return { method, path: `${path}?${query}`, headers: { ...authorization(), ...extra } };
      };
      const submit = (type: string, body: string | Buffer): WireRequest => {
        return { method, path, headers: { ...authorization(), 'Content-Type': type }, body };
      };

      it(`in a query or a header of ${method} ${route} from ${who}`, async () => {
        await expectPatience(ask('x'.repeat(headBytes)), [
          ...inputs(queries, (query) => ask(query)),
          ...inputs(headers, (extra) => ask('', extra)),
        ]);
      }).timeout(120_000);

      if (!fields) continue;
      const harmless = JSON.stringify({ ...fields, ignored: fill('x') });

      it(`in the body of ${method} ${route} from ${who}`, async () => {
        const withField = (name: string) => [
          ...inputs(texts, (text) => submit(json, JSON.stringify({ ...fields, [name]: text })), name),
          ...inputs(texts, (text) => submit(form, formOf({ ...fields, [name]: text })), `${name} in a form`),
          ...inputs(
            texts,
            (text) => submit(multipart, partsOf({ ...fields, [name]: text })),
            `${name} in a part`,
          ),
          ...inputs(values, (value) => submit(json, objectOf(fields, name, value)), name),
        ];
        await expectPatience(submit(json, harmless), [
          ...Object.keys(fields).flatMap(withField),
          ...inputs(bodies, ([type, body]) => submit(type, Buffer.from(body, 'latin1'))),
        ]);
      }).timeout(240_000);

      it(`in chunks of one byte of ${method} ${route} from ${who}`, async () => {
        const head = [
          `${method} ${path} HTTP/1.1`,
          'Host: x',
          `Content-Type: ${json}`,
          ...Object.entries(authorization()).map(([name, value]) => `${name}: ${value}`),
        ];
        const whole = { lines: [...head, `Content-Length: ${harmless.length}`], body: harmless };
        const chunks = `${harmless.replaceAll(/./g, '1\r\n$&\r\n')}0\r\n\r\n`;
        const inChunks = { lines: [...head, 'Transfer-Encoding: chunked'], body: chunks };
        await expectPatience(whole, [{ name: 'chunks', request: inChunks }]);
      }).timeout(120_000);
    }
  }

  /** Expects that others wait for none of the requests, and that none is a 5xx. */
  async function expectPatience(harmless: Sent, worst: readonly Input[]): Promise<void> {
    const costs = [];
    for (let i = 0; i < 3; i++) costs.push((await exchange(harmless)).duration);
    const limit = Math.max(bound.milliseconds, bound.timesHarmless * Math.min(...costs));
    const failures = [];
    let [longest, slowest] = [0, ''];
    for (const { name, request } of worst) {
      let best = Infinity;
      for (let i = 0; i < tries && best > limit; i++) {
        const { status, wait } = await exchange(request);
        best = Math.min(best, wait);
        if (status >= 500) failures.push(`${name}: ${status}`);
      }
      if (best > longest) [longest, slowest] = [best, name];
      if (best > limit) failures.push(`${name}: others waited ${best.toFixed()} ms`);
    }
    report(`${longest.toFixed()} of ${limit.toFixed()} ms at most, with ${slowest}`);
    expect(failures).to.deep.equal([]);
  }

  /** Sends a request, and GET /livez on another connection until there is a response: the longest wait of the latter. */
  async function exchange(request: Sent): Promise<{ status: number; duration: number; wait: number }> {
    const startedAt = performance.now();
    const over = new AbortController();
    const sent = sendAny(request).finally(() => over.abort());
    let wait = 0;
    while (!over.signal.aborted) {
      const probedAt = performance.now();
      await send(server.port, { method: 'GET', path: '/livez' }, probes);
      wait = Math.max(wait, performance.now() - probedAt);
    }
    return { status: await sent, duration: performance.now() - startedAt, wait };
  }

  async function sendAny(request: Sent): Promise<number> {
    if ('method' in request) return (await server.send(request)).status;
    const connection = await RawConnection.open(server.port);
    connection.sendRequest(request.lines, request.body);
    // Answered when the whole body has gone by, if the connection is not ended before.
    connection.sendRequest(['GET /livez HTTP/1.1', 'Host: x']);
    const unlessEnded = () => connection.response().catch(() => ({ status: 0 }));
    const { status } = await unlessEnded();
    await unlessEnded();
    connection.close();
    return status;
  }
});

function preflight(path: string, extra: Readonly<Record<string, string>> = {}): WireRequest {
  const usual = { Origin: 'http://localhost:5173', 'Access-Control-Request-Method': 'PUT' };
  return { method: 'OPTIONS', path, headers: { ...usual, ...extra } };
}

/** A request, or the lines of one and its body. */
type Sent = WireRequest | { readonly lines: readonly string[]; readonly body: string };

interface Input {
  readonly name: string;
  readonly request: Sent;
}

function inputs<T>(table: Readonly<Record<string, T>>, make: (value: T) => Sent, field = ''): Input[] {
  return Object.entries(table).map(([what, value]) => ({
    name: `${field} ${what}`.trim(),
    request: make(value),
  }));
}

/** Values by comma, so many of them or as many as make a body. */
function manyOf(make: (index: number) => string, count = Infinity): string {
  const made: string[] = [];
  for (let bytes = 0; bytes < bodyBytes - 100 && made.length < count; bytes += (made.at(-1)?.length ?? 0) + 1)
    made.push(make(made.length));
  return made.join();
}

function formOf(fields: Readonly<Record<string, string>>): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

function partsOf(fields: Readonly<Record<string, string>>): string {
  const parts = Object.entries(fields).map(
    ([name, value]) => `--XbX\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  return `${parts.join('')}--XbX--`;
}

/** An object of texts, but for one field that is JSON. */
function objectOf(fields: Readonly<Record<string, string>>, name: string, value: string): string {
  return JSON.stringify({ ...fields, [name]: '$' }).replace('"$"', () => value);
}
