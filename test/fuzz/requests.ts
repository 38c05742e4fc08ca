import * as fc from 'fast-check';
import { forge } from '../support/json-web-token.js';
import { chunked } from '../support/raw-connection.js';
import type { SignedIn } from '../support/api-client.js';
import { mostly } from './inputs.js';

// Requests as texts with one character per byte. Where a token belongs stands its name, as it is not known before.

/** A request that every server takes for one request, whatever is in it. */
export interface SoundRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly string[];
  readonly body: string;
  readonly isChunked: boolean;
}

/** Bytes that are put in the place of others. */
interface Damage {
  /** Where, as a part of the whole, from 0 to 1. */
  readonly at: number;
  readonly removed: number;
  readonly inserted: string;
}

/** A request that may be one, none or several to a server. */
export interface BrokenRequest {
  readonly request: SoundRequest;
  readonly damages: readonly Damage[];
}

const accessToken = '<access>';
const refreshToken = '<refresh>';

const task = { title: 'Buy milk', description: 'Two litres', status: 'pending' };
const credentials = { username: 'nobody', password: 'Xk9-fence-Orbit' };

/** What clients send, but for what would end their own session. A new endpoint gets its line here. */
const usual: readonly (readonly [method: string, target: string, fields?: object])[] = [
  ['POST', '/tasks/register/', credentials],
  ['POST', '/api/token/', credentials],
  ['POST', '/api/token/refresh/', { refresh: refreshToken }],
  ['POST', '/api/token/verify/', { token: accessToken }],
  ['POST', '/api/token/blacklist/', { refresh: 'x' }],
  ['POST', '/api/logout/', { refresh: 'x' }],
  ['GET', '/tasks/'],
  ['GET', '/tasks/?limit=5&after=1'],
  ['GET', '/tasks/?status=pending,completed&search=MILK&ordering=-title&limit=5&offset=1'],
  ['POST', '/tasks/create/', task],
  ['POST', '/tasks/', task],
  ['GET', '/tasks/1/'],
  ['PUT', '/tasks/1/', task],
  ['PATCH', '/tasks/1/', task],
  ['DELETE', '/tasks/1/'],
  ['PUT', '/tasks/1/update/', task],
  ['DELETE', '/tasks/1/delete/'],
  ['GET', '/api/sessions/'],
  ['DELETE', `/api/sessions/${'0'.repeat(32)}/`],
  ['POST', '/api/password/change/', { old_password: 'x', new_password: 'Another & longer kite' }],
  [
    'POST',
    '/api/password/reset/confirm/',
    { token: `1-${'0'.repeat(32)}`, new_password: 'Another & longer kite' },
  ],
  ['GET', '/api/account/'],
  ['GET', '/api/account/export/'],
  ['DELETE', '/api/account/', { password: 'x' }],
  ['GET', '/api/admin/users/'],
  ['GET', '/api/admin/users/?limit=5&after=0&search=A'],
  ['GET', '/api/admin/users/1/'],
  ['POST', '/api/admin/users/1/activate/'],
  ['POST', '/api/admin/users/1/end-sessions/', { password: 'x' }],
  ['POST', '/api/admin/users/9/deactivate/', { password: 'x' }],
  ['DELETE', '/api/admin/users/9/', { password: 'x' }],
  ['GET', '/api/admin/stats/'],
  ['GET', '/api/admin/audit/?limit=5&before=9'],
  ['GET', '/.well-known/jwks.json'],
  ['GET', '/livez'],
  ['GET', '/readyz'],
];

const methods = 'GET POST PUT DELETE HEAD OPTIONS PATCH TRACE PROPFIND M-SEARCH LOCK REPORT'.split(' ');

const targetParts = (
  '/ / / tasks api token sessions account create update delete register 1 0 -1 007 9007199254740993 %31 %2f %00 % %zz %ff %e2%82%ac . .. ' +
  '%2e%2e // \\ ; : @ ? & = limit after limit=0 limit=1 after=x # * + | " < > { } ~ __proto__ constructor'
).split(' ');

/** A path and a query of anything that may stand there. */
const oddTarget = fc
  .array(fc.oneof(fc.constantFrom(...targetParts), fc.constantFrom('x'.repeat(900), '0'.repeat(400))), {
    maxLength: 10,
  })
  .map((parts) => `/${parts.join('')}`);

/** What confuses those who read HTTP. */
const disturbances = [
  '\r\n',
  '\n',
  '\r',
  '\0',
  ' ',
  '\t',
  ':',
  '\r\n\r\n',
  '\n\n',
  'Content-Length: 5\r\n',
  'Content-Length: -1\r\n',
  'Content-Length: 99999999999999999999\r\n',
  'Content-Length: 1000000000\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding: identity\r\n',
  'Transfer-Encoding: gzip, chunked\r\n',
  'Transfer-Encoding:\x0bchunked\r\n',
  'Transfer-Encoding : chunked\r\n',
  'Host: y\r\n',
  'Expect: 100-continue\r\n',
  'Expect: nothing\r\n',
  'Connection: close\r\n',
  'Connection: Upgrade\r\nUpgrade: h2c\r\n',
  'HTTP/1.0',
  'HTTP/2.0',
  'HTTP/1.1',
  '0\r\n\r\n',
  'ffffffffffffffff\r\n',
  '5;x="\r\n',
  'GET /livez HTTP/1.1\r\nHost: x\r\n\r\n',
  'CONNECT x:443 HTTP/1.1\r\n\r\n',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  '\x16\x03\x01\x02\x00\x01\x00',
  `X: ${'x'.repeat(17_000)}\r\n`,
  'X: x\r\n'.repeat(3000),
  'x'.repeat(20_000),
  '\xff\xfe',
  '%00',
  '__proto__: x\r\n',
  ' folded\r\n',
];

const bytes = (from: number, to: number) =>
  fc.integer({ min: from, max: to }).map((code) => String.fromCharCode(code));
const headerByte = mostly(bytes(0x20, 0x7e), fc.oneof(fc.constant('\t'), bytes(0x80, 0xff)));
const anyByte = bytes(0, 0xff);

const headerNames = (
  'Accept Accept-Encoding Accept-Language Content-Language Cookie Date ETag Forwarded From If-Match If-Modified-Since ' +
  'If-None-Match If-Range Max-Forwards Origin Pragma Range Referer TE Trailer Upgrade User-Agent Via X-Forwarded-For ' +
  'X-Forwarded-Host X-Forwarded-Proto X-HTTP-Method-Override X-Request-Id X-Real-IP Content-Disposition Content-Encoding ' +
  'Content-MD5 Idempotency-Key Keep-Alive HTTP2-Settings Sec-WebSocket-Key __proto__ constructor toString'
).split(' ');

const header = fc
  .tuple(fc.constantFrom(...headerNames), fc.string({ unit: headerByte, maxLength: 30 }))
  .map(([name, value]) => `${name}: ${value}`);

/** Claims of any kind, signed with the right key. */
const forgedToken = fc
  .record(
    {
      token_type: fc.oneof(fc.constantFrom('access', 'refresh'), fc.jsonValue()),
      exp: fc.oneof(fc.constant(4_000_000_000), fc.jsonValue()),
      iat: fc.oneof(fc.constant(1_700_000_000), fc.jsonValue()),
      jti: fc.oneof(fc.string(), fc.jsonValue()),
      user_id: fc.oneof(fc.nat(3), fc.jsonValue()),
      sid: fc.oneof(fc.string(), fc.jsonValue()),
    },
    { requiredKeys: [] },
  )
  .map((claims) => forge(claims));

const authorization = mostly(
  fc.constant(`Bearer ${accessToken}`),
  fc.oneof(
    forgedToken.map((token) => `Bearer ${token}`),
    fc.string({ unit: headerByte, maxLength: 30 }),
    fc.constantFrom('Bearer', 'bearer x', `Bearer ${accessToken}x`, `Bearer ${refreshToken}`, 'Basic eDp5'),
  ),
).map((value) => `Authorization: ${value}`);

const contentType = fc.oneof(
  fc.constantFrom(
    'application/json',
    'application/x-www-form-urlencoded',
    'application/json; charset=utf-16',
  ),
  fc.constantFrom('text/plain', 'multipart/form-data; boundary=x', ';', ''),
  fc.string({ unit: headerByte, maxLength: 30 }),
);

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.string({ unit: 'binary-ascii', maxLength: 30 }),
  fc.constantFrom(
    '',
    ' ',
    'pending',
    'completed',
    '\ud800',
    '\0',
    '__proto__',
    accessToken,
    refreshToken,
    'x'.repeat(300),
  ),
);

const fieldNames =
  'title description status username password refresh token old_password new_password __proto__ constructor id'.split(
    ' ',
  );
const fields = fc.dictionary(fc.constantFrom(...fieldNames), mostly(text, fc.jsonValue()), { maxKeys: 5 });

const utf8 = (characters: string) => Buffer.from(characters).toString('latin1');

const oddBodies = [
  ...'{ [ " null 1 -1 1e999 -0.0 [] [{}] {}{} NaN & = %'.split(' '),
  '\xef\xbb\xbf{}',
  '{"title":"\xff","description":"\xc0\x80"}',
  '{"title":"\\ud800","description":"\\u0000","title":"\\',
  `{"title":${'9'.repeat(5000)},"description":1e400}`,
  `${'['.repeat(5000)}${']'.repeat(5000)}`,
  `${'{"title":'.repeat(1200)}1${'}'.repeat(1200)}`,
  `{"title":"${'x'.repeat(120_000)}"}`,
  'title=%ff&description=%00&status=%',
  'title=1&'.repeat(2000),
  '\0'.repeat(100),
];

const oddBody = fc.oneof(
  fc.json().map(utf8),
  fc.constantFrom(...oddBodies),
  fc.string({ unit: anyByte, maxLength: 100 }),
);

/** A request that is in order: what clients usually send, parts of which are something else now and then. */
export const soundRequest: fc.Arbitrary<SoundRequest> = fc
  .record({
    usual: fc.constantFrom(...usual),
    method: mostly<string | undefined>(fc.constant(undefined), fc.constantFrom(...methods)),
    target: mostly<string | undefined>(fc.constant(undefined), oddTarget),
    authorization: mostly(authorization, fc.constant(undefined)),
    headers: mostly<readonly string[]>(fc.constant([]), fc.array(header, { minLength: 1, maxLength: 6 })),
    contentType: mostly<string | undefined>(fc.constant(undefined), contentType),
    changes: fc.oneof(fc.constant({}), fields),
    isForm: fc.boolean(),
    body: fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: oddBody }),
    isChunked: mostly(fc.constant(false), fc.constant(true)),
  })
  .map(({ usual: [method, target, given], headers, isForm, isChunked, ...odd }) => {
    const written = given ? write({ ...given, ...odd.changes }, isForm) : { type: undefined, text: '' };
    const type = odd.contentType ?? written.type;
    const lines = [odd.authorization, type === undefined ? undefined : `Content-Type: ${type}`, ...headers];
    return {
      method: odd.method ?? method,
      target: odd.target ?? target,
      headers: lines.filter((line) => line !== undefined),
      body: odd.body ?? utf8(written.text),
      isChunked,
    };
  });

function write(values: object, isForm: boolean): { readonly type: string; readonly text: string } {
  if (!isForm) return { type: 'application/json', text: JSON.stringify(values) };
  const pairs = Object.entries(values).map(([name, value]): [string, string] => [name, String(value)]);
  return { type: 'application/x-www-form-urlencoded', text: new URLSearchParams(pairs).toString() };
}

const position = fc.double({ min: 0, max: 1, noNaN: true });

const damage: fc.Arbitrary<Damage> = fc.oneof(
  fc.record({ at: position, removed: fc.nat(200), inserted: fc.constant('') }),
  fc.record({ at: position, removed: fc.nat(2), inserted: fc.string({ unit: anyByte, maxLength: 3 }) }),
  fc.record({ at: position, removed: fc.constant(0), inserted: fc.constantFrom(...disturbances) }),
);

/** A request of which some bytes are missing, others, or too many. */
export const brokenRequest: fc.Arbitrary<BrokenRequest> = fc.record({
  request: soundRequest,
  damages: fc.array(damage, { minLength: 1, maxLength: 4 }),
});

/** The bytes of a request in order, with the tokens of this user. */
export function bytesOf(request: SoundRequest, user: Pick<SignedIn, 'access' | 'refresh'>): string {
  const [target = '', body = '', ...headers] = [request.target, request.body, ...request.headers].map(
    (part) => part.replaceAll(accessToken, user.access).replaceAll(refreshToken, user.refresh),
  );
  const length = request.isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`;
  const lines = [`${request.method} ${target} HTTP/1.1`, 'Host: x', ...headers, length, '', ''];
  return lines.join('\r\n') + (request.isChunked ? chunked(...(body === '' ? [] : [body])) : body);
}

/** The bytes of a broken request. */
export function brokenBytesOf({ request, damages }: BrokenRequest, user: SignedIn): string {
  return damages.reduce(
    (sent, { at, removed, inserted }) => {
      const start = Math.floor(at * sent.length);
      return sent.slice(0, start) + inserted + sent.slice(start + removed);
    },
    bytesOf(request, user),
  );
}
