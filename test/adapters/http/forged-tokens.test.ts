import { expect } from 'chai';
import {
  accessTokenError,
  expectResponse,
  noActiveAccount,
  noCredentials,
  tokenBlacklisted,
  tokenInvalid,
  userNotFound,
  verifiedAsBlacklisted,
} from '../../support/responses.js';
import type { WireResponse } from '../../support/http-client.js';
import { claimsOf, forge, type Claims } from '../../support/json-web-token.js';
import { RunningServer, type SignedIn } from '../../support/running-server.js';
import { SettableClock } from '../../../src/storage-contract/settable-clock.js';

const own = 'a key that somebody else knows, of 32 bytes';

/** The value of a header parameter that contains a key, or says where to get one. */
function ownKey(name: 'jwk' | 'jku' | 'x5u'): unknown {
  return name === 'jwk'
    ? { kty: 'oct', k: Buffer.from(own).toString('base64url') }
    : 'http://127.0.0.1:1/keys';
}

/** Invalid claims. Each of these tokens is signed with the right key. */
const wrongClaims: readonly (readonly [name: string, forge: (claims: Claims, now: number) => string])[] = [
  ...wrongValues('exp', [undefined, null, 'tomorrow', '9999999999', true, [9_999_999_999], -1, 0, 1e300]),
  ...wrongValues('iat', [undefined, null, 'now', true, -1, 0.5, 1e300]),
  ...wrongValues('nbf', [null, 'now', true, 0.5, -1]),
  ...wrongValues('token_type', [undefined, null, '', 'Access', 'sliding', ['access'], 1]),
  ...wrongValues('jti', [undefined, null, 1, ['a']]),
  ...wrongValues('sid', [undefined, null, 1, ['a']]),
  ...wrongValues('user_id', [undefined, null, '1', 1.5, -1, 2 ** 53, true, [1]]),
  ['an exp that is not whole', (claims, now) => forge({ ...claims, exp: now + 60.5 })],
  ['an exp of just now', (claims, now) => forge({ ...claims, exp: Math.floor(now) })],
  ['an exp after the year 9999', (claims) => forge({ ...claims, exp: 253_402_300_800 })],
  ['an iat six seconds ahead', (claims, now) => forge({ ...claims, iat: Math.floor(now) + 6 })],
  ['an nbf six seconds ahead', (claims, now) => forge({ ...claims, nbf: Math.floor(now) + 6 })],
  [
    'claims in its prototype',
    ({ exp, ...claims }) =>
      forge(`${JSON.stringify(claims).slice(0, -1)},"__proto__":{"exp":${Number(exp)}}}`),
  ],
  ['an array as its payload', (claims) => forge([claims])],
  ['a text as its payload', () => forge('"text"')],
  ['a number as its payload', () => forge('1')],
  ['null as its payload', () => forge('null')],
  ['no payload', () => forge('')],
  ['a payload that is not JSON', (claims) => forge(`${JSON.stringify(claims)},`)],
];

const wrongHeaders: readonly (readonly [name: string, forge: (claims: Claims) => string])[] = [
  ['the algorithm none', (claims) => forge(claims, { alg: 'none', typ: 'JWT' })],
  ['the algorithm none and no signature', (claims) => unsigned(forge(claims, { alg: 'none', typ: 'JWT' }))],
  ['the algorithm NONE and no signature', (claims) => unsigned(forge(claims, { alg: 'NONE', typ: 'JWT' }))],
  ['the algorithm nOnE and no signature', (claims) => unsigned(forge(claims, { alg: 'nOnE', typ: 'JWT' }))],
  ['a null for its algorithm', (claims) => forge(claims, { alg: null, typ: 'JWT' })],
  ['a list of algorithms', (claims) => forge(claims, { alg: ['HS256'], typ: 'JWT' })],
  ['two algorithms of which the last is none', (claims) => forge(claims, '{"alg":"HS256","alg":"none"}')],
  ['an algorithm in its prototype', (claims) => forge(claims, '{"typ":"JWT","__proto__":{"alg":"HS256"}}')],
  ['HS512', (claims) => forge(claims, { alg: 'HS512', typ: 'JWT' }, { hash: 'sha512' })],
  ['HS384', (claims) => forge(claims, { alg: 'HS384', typ: 'JWT' }, { hash: 'sha384' })],
  ['the algorithm in lower case', (claims) => forge(claims, { alg: 'hs256', typ: 'JWT' })],
  ['no algorithm', (claims) => forge(claims, { typ: 'JWT' })],
  ['a different algorithm than its signature', (claims) => forge(claims, { alg: 'RS256', typ: 'JWT' })],
  ['a critical extension', (claims) => forge(claims, { alg: 'HS256', crit: ['b64'], b64: true })],
  ['an empty list of critical extensions', (claims) => forge(claims, { alg: 'HS256', crit: [] })],
  ['null as its header', (claims) => forge(claims, 'null')],
  ['an array as its header', (claims) => forge(claims, [{ alg: 'HS256' }])],
  ['a header that is not JSON', (claims) => forge(claims, '{"alg":"HS256"')],
  ['another key', (claims) => forge(claims, undefined, { key: own })],
  ...(['jwk', 'jku', 'x5u'] as const).map(
    (name) =>
      [
        `another key, sent along as ${name}`,
        (claims: Claims) => forge(claims, { alg: 'HS256', [name]: ownKey(name) }, { key: own }),
      ] as const,
  ),
  ...['1', '', '../../../dev/null', '__proto__', 'a'.repeat(8192), null, 0, ['1'], { '1': 1 }].map(
    (kid) =>
      [
        `an unknown key id: ${JSON.stringify(kid).slice(0, 20)}`,
        (claims: Claims) => forge(claims, { alg: 'HS256', typ: 'JWT', kid }),
      ] as const,
  ),
  ['an empty key', (claims) => forge(claims, undefined, { key: '' })],
];

const wrongShapes: readonly (readonly [name: string, change: (token: string) => string])[] = [
  ['no signature', unsigned],
  ['half of a signature', (token) => token.slice(0, -20)],
  ['two parts', (token) => token.split('.').slice(0, 2).join('.')],
  ['four parts', (token) => `${token}.`],
  ['one part', (token) => token.replaceAll('.', '')],
  ['only dots', () => '..'],
  ['padding at its end', (token) => `${token}=`],
  ['padding in its payload', (token) => changePart(token, 1, (part) => `${part}=`)],
  ['padding in its header', (token) => changePart(token, 0, (part) => `${part}=`)],
  [
    'a line break in its signature',
    (token) => changePart(token, 2, (part) => `${part.slice(0, 9)}\n${part.slice(9)}`),
  ],
  ['a changed payload', (token) => changePart(token, 1, (part) => withOtherLetter(part, 20))],
  ['a changed signature', (token) => changePart(token, 2, (part) => withOtherLetter(part, 20))],
  // 43 characters hold two bits more than a signature's 32 bytes.
  [
    'unused bits set',
    (token) => changePart(token, 2, (part) => part.slice(0, -1) + nextInAlphabet(part.at(-1))),
  ],
  ['standard base64 in its signature', (token) => changePart(token, 2, toOrdinaryBase64)],
  ['a scheme in front of it', (token) => `Bearer ${token}`],
];

describe('forged tokens', () => {
  const clock = new SettableClock();
  let server: RunningServer;
  let user: SignedIn;
  before(async () => {
    server = await RunningServer.start({}, clock.now);
    user = await server.registerAndSignIn();
  });
  after(() => server.stop());

  const post = (path: string, body: object) => server.call('POST', path, body);
  const listTasks = (access: string) => server.call('GET', '/tasks/', undefined, access);

  async function expectInvalid(access: string, refresh: string): Promise<void> {
    expectResponse(await post('/api/token/refresh/', { refresh }), 401, tokenInvalid);
    expectResponse(await post('/api/token/verify/', { token: refresh }), 401, tokenInvalid);
    expectResponse(await post('/api/token/verify/', { token: access }), 401, tokenInvalid);
    expectResponse(await post('/api/logout/', { refresh }), 401, tokenInvalid);
    if (/[\s]/.test(access)) return; // No header can contain it.
    expectResponse(await listTasks(access), 401, accessTokenError('Token is invalid or expired'));
  }

  /** Expects every endpoint to accept both tokens, so that a rejection must be due to the forgery. */
  async function expectAccepted(access: string, refresh: string): Promise<void> {
    expectResponse(await listTasks(access), 200, []);
    expectResponse(await post('/api/token/verify/', { token: access }), 200, {});
    expectResponse(await post('/api/token/verify/', { token: refresh }), 200, {});
    expect((await post('/api/token/refresh/', { refresh })).status).to.equal(200);
  }

  /** The responses of the endpoints to tokens with these claims changed. */
  async function responsesTo(changes: object): Promise<Readonly<Record<string, WireResponse>>> {
    const access = forge({ ...claimsOf(user.access), ...changes });
    const refresh = forge({ ...claimsOf(user.refresh), ...changes });
    return {
      'used for tasks': await listTasks(access),
      refreshed: await post('/api/token/refresh/', { refresh }),
      'verified, of access': await post('/api/token/verify/', { token: access }),
      'verified, of refresh': await post('/api/token/verify/', { token: refresh }),
      'logged out': await post('/api/logout/', { refresh }),
    };
  }

  async function expectBlacklisted(changes: object): Promise<void> {
    const responses = await responsesTo(changes);
    const expected = {
      'used for tasks': [401, accessTokenError('Token is blacklisted')],
      refreshed: [401, tokenBlacklisted],
      'verified, of access': [400, verifiedAsBlacklisted],
      'verified, of refresh': [400, verifiedAsBlacklisted],
      'logged out': [401, tokenBlacklisted],
    };
    expect(contents(responses)).to.deep.equal(expected);
  }

  it('accepts other tokens with valid claims and a valid signature', async () => {
    const claims = [claimsOf(user.access), claimsOf(user.refresh)] as const;
    expect(claims.map((each) => forge(each))).to.deep.equal([user.access, user.refresh]);
    const [access, refresh] = claims.map((each) =>
      forge(
        { ...each, exp: 253_402_300_799, iat: 0, nbf: Math.floor(clock.now()), other: 1 },
        { alg: 'HS256' },
      ),
    );
    await expectAccepted(access ?? '', refresh ?? '');
  });

  it('accepts a token from a server whose clock is five seconds ahead', async () => {
    const ahead = Math.floor(clock.now()) + 5;
    const [access, refresh] = [user.access, user.refresh].map((token) =>
      forge({ ...claimsOf(token), iat: ahead, nbf: ahead }),
    );
    await expectAccepted(access ?? '', refresh ?? '');
  });

  for (const [name, make] of [...wrongClaims, ...wrongHeaders]) {
    it(`rejects a token with ${name}`, async () => {
      const [access, refresh] = [user.access, user.refresh].map((token) =>
        make(claimsOf(token), clock.now()),
      );
      await expectInvalid(access ?? '', refresh ?? '');
    });
  }

  for (const [name, change] of wrongShapes) {
    it(`rejects a token with ${name}`, async () => {
      expect(change(user.access)).to.not.equal(user.access);
      await expectInvalid(change(user.access), change(user.refresh));
    });
  }

  it('rejects a token of more than a megabyte', async () => {
    const megabyte = '.'.padStart(550_000, 'a').padEnd(1_100_000, 'b');
    const roomy = await RunningServer.start({ BODY_LIMIT: '2mb' }, clock.now);
    for (const token of [`${megabyte}.c`, 'a'.repeat(1_100_000), '.'.repeat(1_100_000)]) {
      expectResponse(await roomy.call('POST', '/api/token/verify/', { token }), 401, tokenInvalid);
      expectResponse(await roomy.call('POST', '/api/token/refresh/', { refresh: token }), 401, tokenInvalid);
      expect((await post('/api/token/verify/', { token })).status).to.equal(413);
      expect((await listTasks(token)).status).to.equal(431);
    }
    await roomy.stop();
  });

  it('ignores tokens in queries and cookies, and does not log them', async () => {
    for (const name of ['token', 'access', 'access_token', 'jwt', 'Authorization']) {
      const value = name === 'Authorization' ? `Bearer%20${user.access}` : user.access;
      const headers = { Cookie: `${name}=${user.access}`, 'X-Access-Token': user.access };
      const path = `/tasks/?${name}=${value}&limit=1`;
      expectResponse(await server.send({ method: 'GET', path, headers }), 401, noCredentials);
      expectResponse(await server.call('GET', path, undefined, user.access), 200, []);
    }
    const refresh = `/api/token/refresh/?refresh=${user.refresh}`;
    expectResponse(await post(refresh, {}), 400, { refresh: ['This field is required.'] });
    expect(JSON.stringify(server.log)).not.to.include(user.access).and.not.to.include(user.refresh);
  });

  describe('with a valid signature', () => {
    it('rejects a token of an unknown session', () => expectBlacklisted({ sid: 'f'.repeat(32) }));

    it('rejects a token whose session id is a property of Object.prototype', async () => {
      for (const sid of ['__proto__', 'constructor', 'toString', '']) await expectBlacklisted({ sid });
    });

    it('rejects a token with the session of another user', async () => {
      const other = await server.registerAndSignIn();
      await expectBlacklisted({ sid: claimsOf(other.access)['sid'] });
      expectResponse(await listTasks(other.access), 200, []);
    });

    it('rejects a refresh token that is not the one of its session', async () => {
      const responses = contents(await responsesTo({ jti: 'f'.repeat(32) }));
      expect(responses['refreshed']).to.deep.equal([401, tokenBlacklisted]);
      expect(responses['verified, of refresh']).to.deep.equal([400, verifiedAsBlacklisted]);
    });

    it('rejects a token of an unknown user', async () => {
      for (const id of [0, 999_999, Number.MAX_SAFE_INTEGER]) {
        expect(contents(await responsesTo({ user_id: id }))).to.deep.equal({
          'used for tasks': [401, userNotFound],
          refreshed: [401, noActiveAccount],
          'verified, of access': [401, noActiveAccount],
          'verified, of refresh': [401, noActiveAccount],
          'logged out': [401, tokenBlacklisted],
        });
      }
    });
  });
});

function wrongValues(
  claim: string,
  values: readonly unknown[],
): (readonly [name: string, forge: (claims: Claims) => string])[] {
  return values.map((value) => [
    `${JSON.stringify(value) ?? 'nothing'} as its ${claim}`,
    (claims) => forge({ ...claims, [claim]: value }),
  ]);
}

function contents(responses: Readonly<Record<string, WireResponse>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(responses).map(([name, response]) => [name, [response.status, response.json()]]),
  );
}

function unsigned(token: string): string {
  return changePart(token, 2, () => '');
}

function changePart(token: string, index: number, change: (part: string) => string): string {
  return token
    .split('.')
    .map((part, i) => (i === index ? change(part) : part))
    .join('.');
}

function withOtherLetter(text: string, index: number): string {
  return text.slice(0, index) + (text[index] === 'A' ? 'B' : 'A') + text.slice(index + 1);
}

function nextInAlphabet(character = ''): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return alphabet.charAt(alphabet.indexOf(character) + 1);
}

function toOrdinaryBase64(part: string): string {
  return Buffer.from(part, 'base64url').toString('base64');
}
