import { createHmac } from 'node:crypto';
import { expect } from 'chai';
import { JwtTokenSigner } from '../../src/adapters/crypto/jwt-token-signer.js';
import type { TokenClaims } from '../../src/domain/session.js';
import { SettableClock } from '../support/settable-clock.js';

const key = Buffer.from('0123456789abcdef0123456789abcdef');

describe('JwtTokenSigner', () => {
  let clock: SettableClock;
  let tokens: JwtTokenSigner;
  let now: number;

  beforeEach(() => {
    clock = new SettableClock();
    tokens = new JwtTokenSigner(key, clock.now);
    now = clock.now();
  });

  const someClaims = (given: Partial<TokenClaims> = {}): TokenClaims => ({
    type: 'access',
    id: 'token',
    userId: 7,
    sessionId: 'session',
    issuedAt: now,
    expiresAt: now + 60,
    ...given,
  });

  /** What a token of ours says, and what is given; `undefined` leaves a claim out. */
  const payload = (given: Record<string, unknown> = {}): Record<string, unknown> => ({
    token_type: 'access',
    exp: now + 60,
    iat: now,
    jti: 'token',
    user_id: 7,
    sid: 'session',
    ...given,
  });

  /** A good token that was verified before. */
  const knownToken = (): string => {
    const token = tokens.sign(someClaims());
    expect(tokens.verify(token)).to.deep.equal(someClaims());
    return token;
  };

  describe('signing', () => {
    it('says that it is a JWT with HMAC-SHA-256, and nothing else, in the header', () => {
      const [header = ''] = tokens.sign(someClaims()).split('.');
      expect(Buffer.from(header, 'base64url').toString()).to.equal('{"alg":"HS256","typ":"JWT"}');
    });

    it('writes each claim under its name', () => {
      const [, body = ''] = tokens.sign(someClaims()).split('.');
      expect(JSON.parse(Buffer.from(body, 'base64url').toString())).to.deep.equal(payload());
    });

    it('signs header and payload with the key', () => {
      const token = tokens.sign(someClaims());
      const [header, body, signature] = token.split('.');
      expect(createHmac('sha256', key).update(`${header}.${body}`).digest('base64url')).to.equal(signature);
    });
  });

  describe('verifying', () => {
    it('answers the claims that were signed', () => {
      for (const claims of [someClaims(), someClaims({ type: 'refresh', userId: Number.MAX_SAFE_INTEGER })]) {
        expect(tokens.verify(tokens.sign(claims))).to.deep.equal(claims);
      }
    });

    it('answers the same each time', () => {
      const token = knownToken();
      expect(tokens.verify(token)).to.deep.equal(someClaims());
    });

    it('accepts what another signer made with the same key', () => {
      expect(new JwtTokenSigner(key, clock.now).verify(tokens.sign(someClaims()))).to.deep.equal(
        someClaims(),
      );
      expect(tokens.verify(signed(payload()))).to.deep.equal(someClaims());
    });

    it('accepts a key id, a time from which the token is good, and claims that it does not know', () => {
      const token = signed(payload({ nbf: now, aud: 'tasks' }), { alg: 'HS256', typ: 'JWT', kid: '1' });
      expect(tokens.verify(token)).to.deep.equal(someClaims());
    });

    it('refuses a token from the second on in which it expires', () => {
      const token = tokens.sign(someClaims());
      clock.advance(59.5);
      expect(tokens.verify(token)).to.deep.equal(someClaims());
      clock.advance(0.5);
      expect(tokens.verify(token)).to.equal(undefined);
    });

    it('refuses a token until the time at which it was issued', () => {
      const token = tokens.sign(someClaims({ issuedAt: now + 1 }));
      clock.advance(0.5);
      expect(tokens.verify(token)).to.equal(undefined);
      clock.advance(0.5);
      expect(tokens.verify(token)).to.deep.equal(someClaims({ issuedAt: now + 1 }));
    });

    it('refuses a token before the time from which it is good', () => {
      const token = signed(payload({ nbf: now + 1 }));
      clock.advance(0.5);
      expect(tokens.verify(token)).to.equal(undefined);
      clock.advance(0.5);
      expect(tokens.verify(token)).to.deep.equal(someClaims());
    });

    it('accepts an expiry at the end of the year 9999, and none after', () => {
      const end = Date.UTC(9999, 11, 31, 23, 59, 59) / 1000;
      expect(tokens.verify(signed(payload({ exp: end })))).to.deep.equal(someClaims({ expiresAt: end }));
      expect(tokens.verify(signed(payload({ exp: end + 1 })))).to.equal(undefined);
    });

    it('refuses a token that was signed with another key', () => {
      const another = new JwtTokenSigner(Buffer.alloc(32, 1), clock.now);
      expect(tokens.verify(another.sign(someClaims()))).to.equal(undefined);
    });

    it('refuses a token without a signature, whatever its header says', () => {
      for (const alg of ['none', 'None', 'HS256']) {
        const [header, body] = signed(payload(), { alg, typ: 'JWT' }).split('.');
        expect(tokens.verify(`${header}.${body}.`), alg).to.equal(undefined);
        expect(tokens.verify(`${header}.${body}`), alg).to.equal(undefined);
      }
    });

    it('refuses a good signature of another algorithm', () => {
      for (const [alg, hash] of [
        ['HS384', 'sha384'],
        ['HS512', 'sha512'],
      ] as const) {
        expect(tokens.verify(signed(payload(), { alg, typ: 'JWT' }, hash)), alg).to.equal(undefined);
      }
    });

    it('refuses a header that names something critical', () => {
      for (const crit of [['exp'], ['b64'], [], null]) {
        const header = { alg: 'HS256', typ: 'JWT', crit };
        expect(tokens.verify(signed(payload(), header)), String(crit)).to.equal(undefined);
      }
    });

    const wrongValues: Record<string, readonly unknown[]> = {
      token_type: ['sliding', '', 'ACCESS', 1, null, ['access'], undefined],
      exp: ['9999999999', 9_999_999_999.5, 1e300, -1, null, true, [9_999_999_999], undefined],
      iat: ['1', 1.5, -1, null, false, [1], undefined],
      nbf: ['1', 1.5, -1, null, false, [1]],
      jti: [1, null, ['token'], {}, undefined],
      user_id: ['7', 7.5, -7, 2 ** 53, null, true, [7], undefined],
      sid: [1, null, ['session'], {}, undefined],
    };
    for (const [claim, values] of Object.entries(wrongValues)) {
      it(`refuses a token whose ${claim} is missing or not what it must be`, () => {
        for (const value of values) {
          expect(tokens.verify(signed(payload({ [claim]: value }))), String(value)).to.equal(undefined);
        }
      });
    }

    it('refuses a payload that is no object', () => {
      for (const body of [[payload()], [], 'text', 1, null, true]) {
        expect(tokens.verify(signed(body)), JSON.stringify(body)).to.equal(undefined);
      }
      expect(tokens.verify(signedText('not JSON'))).to.equal(undefined);
      expect(tokens.verify(signedText(''))).to.equal(undefined);
    });

    it('refuses a token in which any one character was changed', () => {
      const token = knownToken();
      for (let index = 0; index < token.length; index++) {
        const changed = token[index] === 'A' ? 'B' : 'A';
        const forged = token.slice(0, index) + changed + token.slice(index + 1);
        expect(tokens.verify(forged), forged).to.equal(undefined);
      }
    });

    it('refuses another spelling of the same signature', () => {
      const token = knownToken();
      const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
      // The last of its 43 digits has two bits that stand for nothing.
      const respelled = token.slice(0, -1) + digits[digits.indexOf(token.at(-1) ?? '') ^ 1];
      const signatures = [token, respelled].map((text) => Buffer.from(text.split('.')[2] ?? '', 'base64url'));
      expect(signatures[0]?.equals(signatures[1] ?? Buffer.alloc(0))).to.equal(true);
      expect(tokens.verify(respelled)).to.equal(undefined);
    });

    it('refuses a token with anything added to it or taken away', () => {
      const token = knownToken();
      const [header, body, signature] = token.split('.');
      const padded = [`${header}=.${body}.${signature}`, `${header}.${body}=.${signature}`, `${token}=`];
      const extended = [' ', '\n', '\0', '.', '.x', 'A', 'é'].flatMap((text) => [token + text, text + token]);
      const cut = [token.slice(0, -1), token.slice(1), `${header}.${signature}`, `.${body}.${signature}`];
      for (const forged of [...padded, ...extended, ...cut]) {
        expect(tokens.verify(forged), forged).to.equal(undefined);
      }
    });

    it('refuses any other text, however long', () => {
      const long = ['a'.repeat(1_000_000), '.'.repeat(1_000_000), `${'a.'.repeat(500_000)}a`];
      const longInParts = `${'a'.repeat(300_000)}.${'b'.repeat(300_000)}.${'c'.repeat(300_000)}`;
      for (const text of ['', '.', '..', 'a.b.c', 'null', '{}', 'é.é.é', ...long, longInParts]) {
        expect(tokens.verify(text), text.slice(0, 20)).to.equal(undefined);
      }
    });
  });
});

/** A token with a good signature, whatever it says. */
function signed(payload: unknown, header: object = { alg: 'HS256', typ: 'JWT' }, hash = 'sha256'): string {
  return signedText(JSON.stringify(payload), header, hash);
}

function signedText(payload: string, header: object = { alg: 'HS256', typ: 'JWT' }, hash = 'sha256'): string {
  const content = [JSON.stringify(header), payload]
    .map((text) => Buffer.from(text).toString('base64url'))
    .join('.');
  return `${content}.${createHmac(hash, key).update(content).digest('base64url')}`;
}
