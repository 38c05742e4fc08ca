import { createHmac, createPublicKey, type JsonWebKey } from 'node:crypto';
import { expect } from 'chai';
import jwt, { type JwtHeader } from 'jsonwebtoken';
import { JwtTokenSigner } from '../../../src/adapters/crypto/jwt-token-signer.js';
import { newSigningKey, type SigningKey } from '../../../src/adapters/crypto/signing-key.js';
import { DomainError } from '../../../src/domain/errors.js';
import type { TokenClaims } from '../../../src/domain/session.js';
import { SettableClock } from '../../../src/storage-contract/settable-clock.js';
import { aSecret } from '../../support/signing-keys.js';

const key = Buffer.from('0123456789abcdef0123456789abcdef');

describe('JwtTokenSigner', () => {
  let clock: SettableClock;
  let tokens: JwtTokenSigner;
  let now: number;

  beforeEach(() => {
    clock = new SettableClock();
    tokens = new JwtTokenSigner([aSecret(key)], clock.now);
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

  /** The payload of a token of ours, with changes; `undefined` leaves a claim out. */
  const payload = (given: Record<string, unknown> = {}): Record<string, unknown> => ({
    token_type: 'access',
    exp: now + 60,
    iat: now,
    jti: 'token',
    user_id: 7,
    sid: 'session',
    ...given,
  });

  /** A token with a `kid` in its header. */
  const signedWith = (kid: unknown, secret: Buffer): string =>
    signed(payload(), { alg: 'HS256', typ: 'JWT', kid }, { key: secret });

  /** A valid token that was verified before. */
  const knownToken = (): string => {
    const token = tokens.sign(someClaims());
    expect(tokens.verify(token)).to.deep.equal(someClaims());
    return token;
  };

  describe('signing', () => {
    it('writes a header for a JWT with HMAC-SHA-256, and nothing else', () => {
      const [header = ''] = tokens.sign(someClaims()).split('.');
      expect(Buffer.from(header, 'base64url').toString()).to.equal('{"alg":"HS256","typ":"JWT"}');
    });

    it('writes each claim under its name', () => {
      const [, body = ''] = tokens.sign(someClaims()).split('.');
      expect(JSON.parse(Buffer.from(body, 'base64url').toString())).to.deep.equal(payload());
    });

    it('rejects claims that would already have expired', () => {
      for (const expiresAt of [now, now - 1]) {
        expect(() => tokens.sign(someClaims({ expiresAt }))).to.throw(DomainError, 'token_invalid');
      }
      expect(tokens.sign(someClaims({ expiresAt: now + 1 }))).to.be.a('string');
    });

    it('signs header and payload with the key', () => {
      const token = tokens.sign(someClaims());
      const [header, body, signature] = token.split('.');
      expect(createHmac('sha256', key).update(`${header}.${body}`).digest('base64url')).to.equal(signature);
    });
  });

  describe('verifying', () => {
    it('returns the claims that were signed', () => {
      for (const claims of [someClaims(), someClaims({ type: 'refresh', userId: Number.MAX_SAFE_INTEGER })]) {
        expect(tokens.verify(tokens.sign(claims))).to.deep.equal(claims);
      }
    });

    it('returns the same claims each time', () => {
      const token = knownToken();
      expect(tokens.verify(token)).to.deep.equal(someClaims());
    });

    it('accepts what another signer made with the same key', () => {
      expect(new JwtTokenSigner([aSecret(key)], clock.now).verify(tokens.sign(someClaims()))).to.deep.equal(
        someClaims(),
      );
      expect(tokens.verify(signed(payload()))).to.deep.equal(someClaims());
    });

    it('accepts a token with nbf, and with unknown claims', () => {
      expect(tokens.verify(signed(payload({ nbf: now, aud: 'tasks' })))).to.deep.equal(someClaims());
    });

    it('does not fetch a key from a URL in the header', () => {
      for (const name of ['jku', 'x5u', 'jwk', 'x5c', 'x5t']) {
        const header = { alg: 'HS256', typ: 'JWT', [name]: 'file:///etc/hostname' };
        expect(tokens.verify(signed(payload(), header)), name).to.deep.equal(someClaims());
      }
    });

    it('rejects a token that brings its own key', () => {
      const own = Buffer.alloc(32, 2);
      const jwk = { kty: 'oct', k: own.toString('base64url') };
      for (const header of [
        { alg: 'HS256', jwk },
        { alg: 'HS256', jwk, kid: 'own' },
        { alg: 'dir', jwk },
      ]) {
        expect(tokens.verify(signed(payload(), header, { key: own })), JSON.stringify(header)).to.equal(
          undefined,
        );
      }
    });

    it('rejects a token that names a key, where the only key has no name', () => {
      for (const kid of ['1', '', null, 'undefined']) {
        expect(tokens.verify(signed(payload(), { alg: 'HS256', typ: 'JWT', kid })), String(kid)).to.equal(
          undefined,
        );
      }
    });

    it('rejects a token from the second on in which it expires', () => {
      const token = tokens.sign(someClaims());
      clock.advance(59.5);
      expect(tokens.verify(token)).to.deep.equal(someClaims());
      clock.advance(0.5);
      expect(tokens.verify(token)).to.equal(undefined);
    });

    it('accepts a token that was issued up to five seconds in the future, each time, and none later', () => {
      const token = tokens.sign(someClaims({ issuedAt: now + 6 }));
      clock.advance(0.999);
      expect(tokens.verify(token)).to.equal(undefined);
      clock.advance(0.001);
      for (const _ of [1, 2]) expect(tokens.verify(token)).to.deep.equal(someClaims({ issuedAt: now + 6 }));
      clock.advance(-0.001);
      expect(tokens.verify(token)).to.equal(undefined);
    });

    it('accepts a token up to five seconds before its nbf, each time, and not earlier', () => {
      const token = signed(payload({ nbf: now + 6 }));
      clock.advance(0.999);
      expect(tokens.verify(token)).to.equal(undefined);
      clock.advance(0.001);
      for (const _ of [1, 2]) expect(tokens.verify(token)).to.deep.equal(someClaims());
      clock.advance(-0.001);
      expect(tokens.verify(token)).to.equal(undefined);
    });

    it('accepts an expiry at the end of the year 9999, and none after', () => {
      const end = Date.UTC(9999, 11, 31, 23, 59, 59) / 1000;
      expect(tokens.verify(signed(payload({ exp: end })))).to.deep.equal(someClaims({ expiresAt: end }));
      expect(tokens.verify(signed(payload({ exp: end + 1 })))).to.equal(undefined);
    });

    it('rejects a token that was signed with another key', () => {
      const another = new JwtTokenSigner([aSecret(Buffer.alloc(32, 1))], clock.now);
      expect(tokens.verify(another.sign(someClaims()))).to.equal(undefined);
    });

    it('rejects a token without a signature, whatever its header says', () => {
      for (const alg of ['none', 'None', 'NONE', 'nOnE', 'none ', '', null, ['none'], undefined, 'HS256']) {
        const [header, body] = signed(payload(), { alg, typ: 'JWT' }).split('.');
        expect(tokens.verify(`${header}.${body}.`), String(alg)).to.equal(undefined);
        expect(tokens.verify(`${header}.${body}`), String(alg)).to.equal(undefined);
      }
    });

    it('rejects a valid signature of another algorithm', () => {
      for (const [alg, hash] of [
        ['HS384', 'sha384'],
        ['HS512', 'sha512'],
      ] as const) {
        expect(tokens.verify(signed(payload(), { alg, typ: 'JWT' }, { hash })), alg).to.equal(undefined);
      }
    });

    it('rejects a header with crit', () => {
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
      it(`rejects a token whose ${claim} is missing or not what it must be`, () => {
        for (const value of values) {
          expect(tokens.verify(signed(payload({ [claim]: value }))), String(value)).to.equal(undefined);
        }
      });
    }

    it('rejects a payload that is no object', () => {
      for (const body of [[payload()], [], 'text', 1, null, true]) {
        expect(tokens.verify(signed(body)), JSON.stringify(body)).to.equal(undefined);
      }
      expect(tokens.verify(signedText('not JSON'))).to.equal(undefined);
      expect(tokens.verify(signedText(''))).to.equal(undefined);
    });

    it('rejects a token in which any one character was changed', () => {
      const token = knownToken();
      for (let index = 0; index < token.length; index++) {
        const changed = token[index] === 'A' ? 'B' : 'A';
        const forged = token.slice(0, index) + changed + token.slice(index + 1);
        expect(tokens.verify(forged), forged).to.equal(undefined);
      }
    });

    it('rejects another spelling of the same signature', () => {
      const token = knownToken();
      // The last of its 43 digits has two unused bits.
      const signatures = [token, respelled(token)].map((text) =>
        Buffer.from(text.split('.')[2] ?? '', 'base64url'),
      );
      expect(signatures[0]?.equals(signatures[1] ?? Buffer.alloc(0))).to.equal(true);
      expect(tokens.verify(respelled(token))).to.equal(undefined);
    });

    it('rejects header or payload in another spelling, though the key signed it so', () => {
      const texts = [{ alg: 'HS256', typ: 'JWT' }, payload({ aud: 'a' }), payload({ aud: 'aa' })];
      for (const [index, text] of texts.entries()) {
        const segment = Buffer.from(JSON.stringify(text)).toString('base64url');
        if (segment.length % 4 === 0) continue; // It has no bits that stand for nothing.
        const header = Buffer.from(JSON.stringify(texts[0])).toString('base64url');
        const body = Buffer.from(JSON.stringify(payload())).toString('base64url');
        const content = index === 0 ? `${respelled(segment)}.${body}` : `${header}.${respelled(segment)}`;
        const signature = createHmac('sha256', key).update(content).digest('base64url');
        expect(tokens.verify(`${content}.${signature}`), content).to.equal(undefined);
      }
    });

    it('rejects a token with anything added to it or taken away', () => {
      const token = knownToken();
      const [header, body, signature] = token.split('.');
      const padded = [`${header}=.${body}.${signature}`, `${header}.${body}=.${signature}`, `${token}=`];
      const extended = [' ', '\n', '\0', '.', '.x', 'A', 'é'].flatMap((text) => [token + text, text + token]);
      const cut = [token.slice(0, -1), token.slice(1), `${header}.${signature}`, `.${body}.${signature}`];
      for (const forged of [...padded, ...extended, ...cut]) {
        expect(tokens.verify(forged), forged).to.equal(undefined);
      }
    });

    it('rejects a token that is longer than any of ours, whoever has signed it', () => {
      expect(tokens.verify(signed(payload({ aud: 'a'.repeat(2000) })))).to.deep.equal(someClaims());
      expect(tokens.verify(signed(payload({ aud: 'a'.repeat(4000) })))).to.equal(undefined);
    });

    it('rejects any other text, however long', () => {
      const long = ['a'.repeat(1_000_000), '.'.repeat(1_000_000), `${'a.'.repeat(500_000)}a`];
      const longInParts = `${'a'.repeat(300_000)}.${'b'.repeat(300_000)}.${'c'.repeat(300_000)}`;
      for (const text of ['', '.', '..', 'a.b.c', 'null', '{}', 'é.é.é', ...long, longInParts]) {
        expect(tokens.verify(text), text.slice(0, 20)).to.equal(undefined);
      }
    });
  });

  describe('with several keys', () => {
    const old = Buffer.alloc(32, 3);
    const older = Buffer.alloc(32, 4);
    const unnamed = aSecret(key);
    const keys = [aSecret(old, 'old'), aSecret(older, 'older'), unnamed] as const;
    beforeEach(() => {
      tokens = new JwtTokenSigner(keys, clock.now);
    });

    it('signs with the first key, and names it in the header', () => {
      const [header = ''] = tokens.sign(someClaims()).split('.');
      expect(Buffer.from(header, 'base64url').toString()).to.equal('{"alg":"HS256","typ":"JWT","kid":"old"}');
      expect(tokens.verify(tokens.sign(someClaims()))).to.deep.equal(someClaims());
    });

    it('writes no kid if the first key has no id', () => {
      const [header = ''] = new JwtTokenSigner([unnamed, keys[0]], clock.now).sign(someClaims()).split('.');
      expect(Buffer.from(header, 'base64url').toString()).to.equal('{"alg":"HS256","typ":"JWT"}');
    });

    it('verifies with the key that the token names, and with no other', () => {
      expect(tokens.verify(signedWith('old', old))).to.deep.equal(someClaims());
      expect(tokens.verify(signedWith('older', older))).to.deep.equal(someClaims());
      expect(tokens.verify(signedWith('old', older))).to.equal(undefined);
      expect(tokens.verify(signedWith('older', old))).to.equal(undefined);
      expect(tokens.verify(signedWith('old', key))).to.equal(undefined);
    });

    it('verifies a token that names no key with the key that has no name, if there is one', () => {
      expect(tokens.verify(signed(payload()))).to.deep.equal(someClaims());
      expect(tokens.verify(signed(payload(), undefined, { key: old }))).to.equal(undefined);
      tokens.useKeys([keys[0], keys[1]]);
      expect(tokens.verify(signed(payload()))).to.equal(undefined);
      expect(tokens.verify(signed(payload(), undefined, { key: old }))).to.equal(undefined);
    });

    it('rejects a token with an unknown kid, whatever it is', () => {
      const texts = [
        '',
        'new',
        'OLD',
        'old ',
        'old\0',
        '../../../dev/null',
        '/etc/hostname',
        'a'.repeat(10_240),
      ];
      const ofObjects = ['__proto__', 'constructor', 'toString', 'size', 'undefined', 'null', '0'];
      const others = [null, 0, 1, true, false, [], ['old'], [['old']], {}, { kid: 'old' }];
      for (const kid of [...texts, ...ofObjects, ...others]) {
        for (const secret of [old, older, key, Buffer.alloc(0)]) {
          expect(tokens.verify(signedWith(kid, secret)), JSON.stringify(kid).slice(0, 40)).to.equal(
            undefined,
          );
        }
      }
    });

    it('rejects the tokens of a key as soon as the key is dropped, and no others', () => {
      const dropped = signedWith('older', older);
      const kept = signedWith('old', old);
      for (const token of [dropped, kept]) expect(tokens.verify(token)).to.deep.equal(someClaims());
      tokens.useKeys([aSecret(Buffer.alloc(32, 5), 'new'), aSecret(old, 'old')]);
      expect(tokens.verify(dropped)).to.equal(undefined);
      expect(tokens.verify(kept)).to.deep.equal(someClaims());
      expect(tokens.verify(tokens.sign(someClaims()))).to.deep.equal(someClaims());
    });

    it('rejects the tokens of a key as soon as another key has its id', () => {
      const token = tokens.sign(someClaims());
      expect(tokens.verify(token)).to.deep.equal(someClaims());
      tokens.useKeys([aSecret(older, 'old')]);
      expect(tokens.verify(token)).to.equal(undefined);
    });

    it('publishes no secret', () => {
      expect(tokens.publicKeys()).to.deep.equal([]);
    });
  });

  for (const algorithm of ['RS256', 'ES256'] as const) {
    describe(`with a key pair for ${algorithm}`, () => {
      let pair: SigningKey;
      before(() => {
        pair = { ...newSigningKey(algorithm), id: 'pair' };
      });
      beforeEach(() => {
        tokens = new JwtTokenSigner([pair, aSecret(key, 'secret')], clock.now);
      });

      const signedByUs = (header: object): string =>
        jwt.sign(payload(), pair.signingKey, { algorithm, header: header as JwtHeader });

      it('signs what it verifies, and names algorithm and key in the header', () => {
        const token = tokens.sign(someClaims());
        const [header = ''] = token.split('.');
        expect(JSON.parse(Buffer.from(header, 'base64url').toString())).to.deep.equal({
          alg: algorithm,
          typ: 'JWT',
          kid: 'pair',
        });
        for (const _ of [1, 2]) expect(tokens.verify(token)).to.deep.equal(someClaims());
        expect(tokens.verify(`${token.slice(0, -3)}AAA`)).to.equal(undefined);
      });

      it('rejects another spelling of the same signature, one that was verified before as well', () => {
        const token = tokens.sign(someClaims());
        for (const _ of [1, 2]) {
          expect(tokens.verify(respelled(token))).to.equal(undefined);
          expect(tokens.verify(token)).to.deep.equal(someClaims());
        }
      });

      it('publishes the public key, and nothing of the private one', () => {
        const [published, ...others] = tokens.publicKeys() as [JsonWebKey];
        expect(others).to.deep.equal([]);
        expect(published).to.include({ kid: 'pair', alg: algorithm, use: 'sig' });
        const members = algorithm === 'RS256' ? ['kty', 'n', 'e'] : ['kty', 'crv', 'x', 'y'];
        expect(Object.keys(published)).to.have.members([...members, 'kid', 'alg', 'use']);
        const verificationKey = createPublicKey({ key: published, format: 'jwk' });
        expect(jwt.verify(tokens.sign(someClaims()), verificationKey, { clockTimestamp: now })).to.deep.equal(
          payload(),
        );
      });

      it('rejects a token that is signed with the public key as if it were a secret', () => {
        const secrets = [
          pair.verificationKey.export({ type: 'spki', format: 'pem' }) as string,
          (pair.verificationKey.export({ type: 'spki', format: 'pem' }) as string).trim(),
          pair.verificationKey.export({ type: 'spki', format: 'der' }),
          JSON.stringify(tokens.publicKeys()[0]),
        ];
        for (const secret of secrets) {
          for (const header of [{ alg: 'HS256' }, { alg: algorithm }, { alg: 'HS256', kid: 'secret' }]) {
            const token = signed(payload(), { kid: 'pair', ...header }, { key: Buffer.from(secret) });
            expect(tokens.verify(token), JSON.stringify(header)).to.equal(undefined);
          }
        }
      });

      it('rejects a valid signature with the kid of a key for another algorithm', () => {
        expect(tokens.verify(signedByUs({ kid: 'pair' }))).to.deep.equal(someClaims());
        expect(tokens.verify(signedByUs({ kid: 'secret' }))).to.equal(undefined);
        expect(tokens.verify(signedByUs({}))).to.equal(undefined);
        expect(tokens.verify(signed(payload(), { alg: 'HS256', kid: 'pair' }))).to.equal(undefined);
      });

      it('rejects another key pair, also one that the token brings along', () => {
        const { signingKey, verificationKey } = newSigningKey(algorithm);
        const jwk = verificationKey.export({ format: 'jwk' });
        for (const header of [{ kid: 'pair' }, { kid: 'pair', jwk }, { jwk }]) {
          const token = jwt.sign(payload(), signingKey, { algorithm, header: header as JwtHeader });
          expect(tokens.verify(token), Object.keys(header).join()).to.equal(undefined);
        }
      });
    });
  }

  it('accepts both forms of an ES256 signature, (r, s) and (r, n - s), for our own are of either form', () => {
    tokens = new JwtTokenSigner([newSigningKey('ES256')], clock.now);
    const token = tokens.sign(someClaims());
    const content = token.slice(0, token.lastIndexOf('.'));
    const signature = Buffer.from(token.slice(content.length + 1), 'base64url');
    const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
    const s = order - BigInt(`0x${signature.subarray(32).toString('hex')}`);
    const other = signature.toString('hex', 0, 32) + s.toString(16).padStart(64, '0');
    const otherToken = `${content}.${Buffer.from(other, 'hex').toString('base64url')}`;
    expect(tokens.verify(otherToken)).to.deep.equal(someClaims());
  });

  it('rejects a valid signature of another kind by the same RSA key', () => {
    const pair = newSigningKey('RS256');
    tokens = new JwtTokenSigner([pair], clock.now);
    expect(tokens.verify(jwt.sign(payload(), pair.signingKey, { algorithm: 'RS256' }))).to.deep.equal(
      someClaims(),
    );
    for (const algorithm of ['PS256', 'RS384', 'RS512', 'PS512'] as const) {
      expect(tokens.verify(jwt.sign(payload(), pair.signingKey, { algorithm })), algorithm).to.equal(
        undefined,
      );
    }
  });
});

/** The same bytes as base64url, with or without an unused bit set in the last digit. */
function respelled(base64url: string): string {
  const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return base64url.slice(0, -1) + digits[digits.indexOf(base64url.at(-1) ?? '') ^ 1];
}

interface Signature {
  readonly key?: Buffer;
  readonly hash?: string;
}

/** A token with a valid signature and any payload. */
function signed(payload: unknown, header?: object, signature?: Signature): string {
  return signedText(JSON.stringify(payload), header, signature);
}

function signedText(
  payload: string,
  header: object = { alg: 'HS256', typ: 'JWT' },
  { key: secret = key, hash = 'sha256' }: Signature = {},
): string {
  const content = [JSON.stringify(header), payload]
    .map((text) => Buffer.from(text).toString('base64url'))
    .join('.');
  return `${content}.${createHmac(hash, secret).update(content).digest('base64url')}`;
}
