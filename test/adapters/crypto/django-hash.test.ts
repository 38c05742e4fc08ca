import * as crypto from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { BcryptPasswordHasher } from '../../../src/adapters/crypto/bcrypt-password-hasher.js';
import { parseDjangoHash } from '../../../src/adapters/crypto/django-hash.js';
import { noPassword } from '../../../src/domain/user.js';
import { bcryptThreads } from '../../support/comparison-costs.js';

interface DumpedUser {
  readonly model: string;
  readonly fields: { readonly username: string; readonly password: string };
}
const dump = JSON.parse(readFileSync('test/django/dump.json', 'utf8')) as DumpedUser[];
const hashes = new Map(
  dump
    .filter(({ model }) => model === 'auth.user')
    .map(({ fields }) => [fields.username, fields.password] as const),
);
const hashBy = (algorithm: string): string => hashes.get(algorithm) ?? expect.fail(algorithm);
const hasArgon2 = 'argon2Sync' in crypto;

describe('a password hash of Django', () => {
  const hasher = new BcryptPasswordHasher(4, bcryptThreads);

  for (const algorithm of ['pbkdf2_sha256', 'pbkdf2_sha1', 'scrypt', 'bcrypt_sha256', 'bcrypt', 'argon2']) {
    it(`by ${algorithm} is verified as Django would${algorithm === 'argon2' ? ', where Node has it' : ''}`, async () => {
      const hash = hashBy(algorithm);
      const isUsable = algorithm !== 'argon2' || hasArgon2;
      expect(hasher.assess(hash)).to.equal(isUsable ? 'usable' : 'unknown');
      expect(await hasher.verify(`Xk9-fence-${algorithm}`, hash)).to.equal(isUsable);
      for (const wrong of [`Xk9-fence-${algorithm}!`, '', hash, 'Xk9-fence-nobody']) {
        expect(await hasher.verify(wrong, hash)).to.equal(false);
      }
      expect(hasher.isOutdated(hash)).to.equal(true);
    });
  }

  it('is of the password as it was given, while a hash of Hexado is of its NFC', async () => {
    const [composed, decomposed] = ['caf\u00e9-Xk9', 'cafe\u0301-Xk9'];
    const django = `bcrypt$${await bcryptThreads.hash(decomposed, 4)}`;
    expect(await hasher.verify(decomposed, django)).to.equal(true);
    expect(await hasher.verify(composed, django)).to.equal(false);
    expect(await hasher.verify(composed, await hasher.hash(decomposed))).to.equal(true);
  });

  it('of no password, by an unknown algorithm or malformed matches nothing', async () => {
    const own = await hasher.hash('secret');
    expect([own, noPassword].map((hash) => hasher.assess(hash))).to.deep.equal(['usable', 'usable']);
    for (const hash of [
      hashBy('md5'),
      'pbkdf2_sha256$0$salt$aGFzaA==',
      'pbkdf2_sha256$1e3$salt$aGFzaA==',
      'pbkdf2_sha256$1000$salt',
      'pbkdf2_sha256$1000$$aGFzaA==',
      'scrypt$16383$salt$8$1$aGFzaA==',
      'scrypt$16384$salt$0$1$aGFzaA==',
      'bcrypt$$2b$03$' + 'a'.repeat(53),
      'bcrypt$$2b$12$short',
      'constructor$1$salt$aGFzaA==',
      '$',
      '',
    ]) {
      expect(hasher.assess(hash), hash).to.equal('unknown');
      expect(await hasher.verify('', hash), hash).to.equal(false);
    }
  });

  it('is not compared where that takes too much time or memory', async () => {
    const costly = [
      'pbkdf2_sha256$10000001$salt$aGFzaA==',
      'pbkdf2_sha1$99999999999$salt$aGFzaA==',
      'scrypt$131072$salt$8$1$aGFzaA==',
      'scrypt$2$salt$999999999$1$aGFzaA==',
      'scrypt$2$salt$1$999999999$aGFzaA==',
      `bcrypt$$2b$16$${'a'.repeat(53)}`,
      `bcrypt_sha256$$2b$31$${'a'.repeat(53)}`,
      ...(hasArgon2
        ? [
            'argon2$argon2id$v=19$m=999999999,t=2,p=8$c2FsdHNhbHQ$aGFzaGhhc2g',
            'argon2$argon2id$v=19$m=1024,t=999999,p=8$c2FsdHNhbHQ$aGFzaGhhc2g',
          ]
        : []),
    ];
    for (const hash of costly) {
      expect(hasher.assess(hash), hash).to.equal('too_costly');
      expect(await hasher.verify('', hash), hash).to.equal(false);
    }
    expect(parseDjangoHash('pbkdf2_sha256$10000000$salt$aGFzaA==')).to.be.a('function');
    expect(parseDjangoHash('scrypt$65536$salt$8$1$aGFzaA==')).to.be.a('function');
    expect(parseDjangoHash(`bcrypt$$2b$15$${'a'.repeat(53)}`)).to.be.a('function');
  });
});
