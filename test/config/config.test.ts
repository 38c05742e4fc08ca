import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { newKeyText } from '../../src/adapters/crypto/signing-key.js';
import { ConfigError, readConfig, type Config } from '../../src/config/config.js';
import { variables } from '../../src/config/variables.js';

type Environment = Readonly<Record<string, string>>;

const key = 'U7hq-2nXw9zkT4vB6mYc8RfJ3sLdPgAe';
const onRedis: Environment = { STORAGE: 'redis', REDIS_URL: 'redis://127.0.0.1', SIGNING_KEY: key };

function problemsOf(environment: Environment): readonly string[] {
  try {
    readConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

/** Id, algorithm and secret of each signing key. */
function keysOf(environment: Environment): unknown {
  const { signingKeys } = readConfig(environment);
  return signingKeys?.map(({ id, algorithm, signingKey }) => [id, algorithm, signingKey.export().toString()]);
}

function redisOf(environment: Environment): unknown {
  const { storage } = readConfig({ ...onRedis, ...environment });
  return storage.kind === 'redis' ? storage.redis : undefined;
}

const taskLimits = { tasks: 100_000, bytes: 64 * 2 ** 20, idempotencyKeys: 10_000 };

describe('the configuration', () => {
  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'hexado-config-'));
  });
  after(() => rmSync(directory, { recursive: true }));

  function file(name: string, text: string): string {
    const path = join(directory, name);
    writeFileSync(path, text);
    return path;
  }

  const ofKeys = (...keys: readonly unknown[]): Environment => ({
    SIGNING_KEYS_FILE: file('keys.json', JSON.stringify({ keys })),
  });

  it('has defaults for all settings', () => {
    expect(readConfig({})).to.deep.equal({
      host: '127.0.0.1',
      port: 3000,
      socketPath: undefined,
      storage: { kind: 'memory' },
      signingKeys: undefined,
      signingKeysFile: undefined,
      legacyTokens: undefined,
      algorithm: 'HS256',
      sessions: {
        accessLifetime: 30 * 60,
        refreshLifetime: 24 * 3600,
        sessionLifetime: 30 * 24 * 3600,
        rotate: false,
        grace: 10,
        maxPerUser: 100,
      },
      taskLimits,
      registration: 'open',
      limits: {
        signIn: { attempts: 30, period: 5 * 60 },
        signInUsername: { attempts: 100, period: 5 * 60 },
        signInAddress: { attempts: 2000, period: 5 * 60 },
        register: { attempts: 2000, period: 3600 },
        refresh: { attempts: 6000, period: 5 * 60 },
      },
      bcryptCost: 12,
      bodyLimit: 1_048_576,
      workers: 1,
      shutdownDelay: 0,
      trustedProxies: 0,
      authHeaderTypes: ['Bearer'],
      corsOrigins: 'localhost',
      fastPaths: true,
      web: true,
      demo: false,
      metrics: undefined,
      logEvents: 'on',
      logLevel: 'info',
      changedSettings: [],
      warnings: [],
    } satisfies Config);
  });

  it('requires REDIS_URL and a signing key with STORAGE=redis, and listens on all addresses', () => {
    const { host, storage } = readConfig(onRedis);
    expect(host).to.equal('0.0.0.0');
    expect(keysOf(onRedis)).to.deep.equal([[undefined, 'HS256', key]]);
    expect(storage).to.deep.equal({
      kind: 'redis',
      redis: {
        mode: 'single',
        hosts: [{ host: '127.0.0.1', port: 6379 }],
        tls: false,
        database: 0,
        keyPrefix: 'hexado:',
        replicasToWaitFor: 0,
      },
    });
  });

  it('takes any other STORAGE as a module, and listens on all addresses', () => {
    const { storage, host } = readConfig({ STORAGE: './mine.js', SIGNING_KEY: key });
    expect(storage).to.deep.equal({ kind: 'module', specifier: './mine.js' });
    expect(host).to.equal('0.0.0.0');
  });

  it('has a page for people in memory, and otherwise only if that is asked for', () => {
    expect(readConfig({}).web).to.equal(true);
    for (const storage of [onRedis, { STORAGE: './mine.js', SIGNING_KEY: key }]) {
      expect(readConfig(storage).web).to.equal(false);
      expect(readConfig({ ...storage, WEB: 'on' }).web).to.equal(true);
    }
    expect(problemsOf({ WEB: 'yes' })).to.deep.equal(['WEB=yes: expected on or off.']);
  });

  it('has a user whose password everybody knows in memory only', () => {
    expect(problemsOf({ ...onRedis, DEMO: 'on' })).to.deep.equal([
      'DEMO=on: everybody knows the password of the user demo; use it with STORAGE=memory only.',
    ]);
    expect(readConfig({ ...onRedis, DEMO: 'off' }).demo).to.equal(false);
  });

  it('treats empty and blank variables as not set', () => {
    expect(readConfig({ PORT: '', STORAGE: ' ', SIGNING_KEY: '', HOST: '\t' })).to.deep.equal(readConfig({}));
  });

  it('trims values', () => {
    expect(readConfig({ PORT: ' 80 ' }).port).to.equal(80);
    expect(keysOf({ SIGNING_KEY: `${key}\n` })).to.deep.equal([[undefined, 'HS256', key]]);
  });

  describe('understands', () => {
    const understood: readonly (readonly [Environment, object])[] = [
      [{ HOST: '::1' }, { host: '::1' }],
      [{ PORT: '0' }, { port: 0 }],
      [{ PORT: '65535' }, { port: 65_535 }],
      [{ BCRYPT_COST: '4' }, { bcryptCost: 4 }],
      [{ BCRYPT_COST: '15' }, { bcryptCost: 15 }],
      [{ REGISTRATION: 'open' }, { registration: 'open' }],
      [{ REGISTRATION: 'closed' }, { registration: 'closed' }],
      [{ BODY_LIMIT: '2048b' }, { bodyLimit: 2048 }],
      [{ BODY_LIMIT: '1kb' }, { bodyLimit: 1024 }],
      [{ BODY_LIMIT: '2MB' }, { bodyLimit: 2 * 1024 * 1024 }],
      [{ BODY_LIMIT: '64mb' }, { bodyLimit: 64 * 1024 * 1024 }],
      [{ TRUST_PROXY: 'none' }, { trustedProxies: 0 }],
      [{ WEB: 'off' }, { web: false }],
      [{ DEMO: 'on' }, { demo: true }],
      [{ TRUST_PROXY: '2' }, { trustedProxies: 2 }],
      [{ AUTH_HEADER_TYPES: 'Bearer, JWT' }, { authHeaderTypes: ['Bearer', 'JWT'] }],
      [{ CORS_ORIGINS: '*' }, { corsOrigins: '*' }],
      [{ CORS_ORIGINS: 'none' }, { corsOrigins: [] }],
      [onRedis, { corsOrigins: [] }],
      [{ CORS_ORIGINS: 'https://app.example , null' }, { corsOrigins: ['https://app.example', 'null'] }],
      [
        {
          CORS_ORIGINS:
            'capacitor://localhost,http://[::1]:8100,http://127.0.0.1:3000,https://xn--n-nga1b.example',
        },
        {
          corsOrigins: [
            'capacitor://localhost',
            'http://[::1]:8100',
            'http://127.0.0.1:3000',
            'https://xn--n-nga1b.example',
          ],
        },
      ],
      [{ LOG_EVENTS: 'digest' }, { logEvents: 'digest' }],
      [{ LOG_EVENTS: 'off' }, { logEvents: 'off' }],
      [{ LOG_LEVEL: 'silent' }, { logLevel: 'silent' }],
      [{ LOG_LEVEL: 'trace' }, { logLevel: 'trace' }],
      [{ ...onRedis, WORKERS: '256' }, { workers: 256 }],
      [{ SHUTDOWN_DELAY: '1h' }, { shutdownDelay: 3600 }],
    ];
    for (const [environment, expected] of understood) {
      it(named(environment), () => {
        expect(readConfig(environment)).to.deep.include(expected);
      });
    }

    for (const [environment, expected] of [
      [{ MAX_TASKS_PER_USER: '1' }, { tasks: 1 }],
      [{ MAX_TASKS_PER_USER: '10000000' }, { tasks: 10_000_000 }],
      [{ MAX_BYTES_PER_USER: '1kb' }, { bytes: 1024 }],
      [{ MAX_BYTES_PER_USER: '1024gb' }, { bytes: 2 ** 40 }],
    ] as const) {
      it(named(environment), () => {
        expect(readConfig(environment).taskLimits).to.deep.equal({ ...taskLimits, ...expected });
      });
    }

    const sessions: readonly (readonly [Environment, object])[] = [
      [{ ACCESS_TOKEN_LIFETIME: '1s' }, { accessLifetime: 1 }],
      [{ ACCESS_TOKEN_LIFETIME: '90s' }, { accessLifetime: 90 }],
      [{ REFRESH_TOKEN_LIFETIME: '45m' }, { refreshLifetime: 45 * 60 }],
      [{ REFRESH_TOKEN_LIFETIME: '12h' }, { refreshLifetime: 12 * 3600 }],
      [{ SESSION_LIFETIME: '7d' }, { sessionLifetime: 7 * 86_400 }],
      [{ REFRESH_GRACE: '0' }, { grace: 0 }],
      [{ MAX_SESSIONS_PER_USER: '1' }, { maxPerUser: 1 }],
      [{ MAX_SESSIONS_PER_USER: '1000' }, { maxPerUser: 1000 }],
      [{ REFRESH_GRACE: '0s' }, { grace: 0 }],
      [{ ROTATE_REFRESH_TOKENS: 'true' }, { rotate: true }],
      [{ ROTATE_REFRESH_TOKENS: 'false' }, { rotate: false }],
    ];
    for (const [environment, expected] of sessions) {
      it(named(environment), () => {
        expect(readConfig(environment).sessions).to.include(expected);
      });
    }
  });

  it('accepts addresses and CIDR ranges in TRUST_PROXY', () => {
    const given = '127.0.0.1, 10.0.0.0/8,::1 , fd00::/8';
    const ranges = ['127.0.0.1', '10.0.0.0/8', '::1', 'fd00::/8'];
    expect(readConfig({ TRUST_PROXY: given }).trustedProxies).to.deep.equal(ranges);
  });

  describe('limits attempts', () => {
    const several: readonly (readonly [Environment, object])[] = [
      [{ THROTTLE_REGISTER: '1/1s' }, { register: { attempts: 1, period: 1 } }],
      [{ THROTTLE_REFRESH: '1000000/7d' }, { refresh: { attempts: 1_000_000, period: 7 * 86_400 } }],
      [
        { THROTTLE_REGISTER: 'off', THROTTLE_REFRESH: 'off' },
        { register: 'off', refresh: 'off' },
      ],
      [
        { THROTTLE_SIGN_IN: '3/1m' },
        {
          signIn: { attempts: 3, period: 60 },
          signInUsername: { attempts: 100, period: 5 * 60 },
          signInAddress: { attempts: 2000, period: 5 * 60 },
        },
      ],
      [{ THROTTLE_SIGN_IN: 'off' }, { signIn: 'off', signInUsername: 'off', signInAddress: 'off' }],
      [
        { THROTTLE_SIGN_IN: 'off', THROTTLE_SIGN_IN_USERNAME: '50/1h', THROTTLE_SIGN_IN_ADDRESS: '9/1m' },
        {
          signIn: 'off',
          signInUsername: { attempts: 50, period: 3600 },
          signInAddress: { attempts: 9, period: 60 },
        },
      ],
    ];
    for (const [environment, expected] of several) {
      it(named(environment), () => {
        expect(readConfig(environment).limits).to.deep.include(expected);
      });
    }
  });

  it('warns of sign-ins without a rate limit, but not in memory', () => {
    const off = { THROTTLE_SIGN_IN: 'off' };
    expect(readConfig({ ...onRedis, ...off }).warnings.join()).to.match(/^THROTTLE_SIGN_IN=off /);
    expect(readConfig(off).warnings).to.deep.equal([]);
  });

  it('counts the cores for WORKERS=auto', () => {
    expect(readConfig({ ...onRedis, WORKERS: 'auto' }).workers).to.be.at.least(1);
  });

  describe('takes the address of Redis from', () => {
    const addresses: readonly (readonly [Environment, object])[] = [
      [{ REDIS_URL: 'redis://cache' }, { hosts: [{ host: 'cache', port: 6379 }], tls: false, database: 0 }],
      [{ REDIS_URL: 'redis://cache:6380/3' }, { hosts: [{ host: 'cache', port: 6380 }], database: 3 }],
      [{ REDIS_URL: 'redis://cache/' }, { hosts: [{ host: 'cache', port: 6379 }], database: 0 }],
      [{ REDIS_URL: 'rediss://cache' }, { tls: {} }],
      [
        { REDIS_URL: 'rediss://cache', REDIS_TLS_SERVERNAME: 'redis.internal' },
        { tls: { servername: 'redis.internal' } },
      ],
      [{ REDIS_URL: 'unix:///run/redis.sock' }, { hosts: [], path: '/run/redis.sock', database: 0 }],
      [{ REDIS_URL: 'unix:///run/redis.sock?db=3' }, { path: '/run/redis.sock', database: 3 }],
      [{ REDIS_URL: 'redis+unix:///run/redis.sock' }, { path: '/run/redis.sock' }],
      [{ REDIS_URL: '/run/redis.sock' }, { path: '/run/redis.sock' }],
      [
        { REDIS_URL: 'unix://ann:p%40ss@/run/redis.sock' },
        { path: '/run/redis.sock', username: 'ann', password: 'p@ss' },
      ],
      [{ REDIS_URL: 'redis://[::1]' }, { hosts: [{ host: '::1', port: 6379 }] }],
      [{ REDIS_URL: 'redis://[fe80::2]:6380' }, { hosts: [{ host: 'fe80::2', port: 6380 }] }],
      [{ REDIS_URL: 'redis://ann:secret@cache' }, { username: 'ann', password: 'secret' }],
      [{ REDIS_URL: 'redis://ann:p%40ss%2F%3A%25@cache' }, { username: 'ann', password: 'p@ss/:%' }],
      [{ REDIS_URL: 'redis://ann:a:b@cache' }, { username: 'ann', password: 'a:b' }],
      [{ REDIS_URL: 'redis://ann:100%@cache' }, { username: 'ann', password: '100%' }],
      [
        { REDIS_MODE: 'cluster', REDIS_URL: 'redis://a:7000,b:7001,[::1]:7002' },
        {
          mode: 'cluster',
          hosts: [
            { host: 'a', port: 7000 },
            { host: 'b', port: 7001 },
            { host: '::1', port: 7002 },
          ],
        },
      ],
      [
        { REDIS_MODE: 'sentinel', REDIS_SENTINEL_NAME: 'main', REDIS_URL: 'redis://a,b:26380/2' },
        {
          mode: 'sentinel',
          sentinelName: 'main',
          database: 2,
          hosts: [
            { host: 'a', port: 26_379 },
            { host: 'b', port: 26_380 },
          ],
        },
      ],
      [{ REDIS_KEY_PREFIX: 'todo:' }, { keyPrefix: 'todo:' }],
      [{ REDIS_WAIT_REPLICAS: '2' }, { replicasToWaitFor: 2 }],
      [{ REDIS_WAIT_REPLICAS: 'all' }, { replicasToWaitFor: 'all' }],
    ];
    for (const [environment, expected] of addresses) {
      it(named(environment), () => {
        expect(redisOf(environment)).to.deep.include(expected);
      });
    }

    it('a URL with a password and no user', () => {
      const redis = redisOf({ REDIS_URL: 'redis://:secret@cache' });
      expect(redis).to.include({ password: 'secret' }).and.not.have.property('username');
    });
  });

  describe('reads the signing key', () => {
    it('from a file, without the blanks around it', () => {
      const path = file('key', `${key}\n`);
      expect(keysOf({ SIGNING_KEY_FILE: path })).to.deep.equal([[undefined, 'HS256', key]]);
    });

    it('of hexadecimal digits', () => {
      const hex = '8f2c1e0b7a9d4c6e5f3a2b1c0d9e8f7a';
      expect(keysOf({ SIGNING_KEY: hex })).to.deep.equal([[undefined, 'HS256', hex]]);
    });

    it('in bytes, not in characters', () => {
      const greek = 'αβγδεζηθικλμνξοπ'; // 16 characters, 32 bytes.
      expect(keysOf({ SIGNING_KEY: greek })).to.deep.equal([[undefined, 'HS256', greek]]);
    });
  });

  describe('reads private keys', () => {
    for (const algorithm of ['RS256', 'ES256'] as const) {
      it(`for ALGORITHM=${algorithm}`, () => {
        const pem = newKeyText(algorithm);
        for (const environment of [{ SIGNING_KEY: pem }, { SIGNING_KEY_FILE: file('pem', pem) }]) {
          const [pair] = readConfig({ ...environment, ALGORITHM: algorithm }).signingKeys ?? [];
          expect(pair).to.include({ id: undefined, algorithm });
          expect(pair?.signingKey.export({ type: 'pkcs8', format: 'pem' })).to.equal(pem);
          expect(pair?.verificationKey.type).to.equal('public');
        }
      });
    }

    it('and needs none where a random one may be used', () => {
      expect(readConfig({ ALGORITHM: 'ES256' })).to.include({ algorithm: 'ES256', signingKeys: undefined });
    });
  });

  describe('reads several keys', () => {
    const good = { kid: '2026-01', alg: 'HS256', key };
    const other = key.split('').toReversed().join('');

    it('in the order of the file, one of them perhaps without a name', () => {
      const environment = ofKeys(good, { alg: 'HS256', key: ` ${other}\n` }, { ...good, kid: 'a_b.c' });
      expect(keysOf(environment)).to.deep.equal([
        ['2026-01', 'HS256', key],
        [undefined, 'HS256', other],
        ['a_b.c', 'HS256', key],
      ]);
      expect(readConfig(environment).signingKeysFile).to.equal(environment['SIGNING_KEYS_FILE']);
    });

    it('each with its own algorithm', () => {
      const pairs = (['ES256', 'RS256'] as const).map((alg) => ({ kid: alg, alg, key: newKeyText(alg) }));
      const keys = readConfig(ofKeys(...pairs, good)).signingKeys ?? [];
      expect(keys.map(({ algorithm }) => algorithm)).to.deep.equal(['ES256', 'RS256', 'HS256']);
      expect(keys.map(({ verificationKey }) => verificationKey.type)).to.deep.equal([
        'public',
        'public',
        'secret',
      ]);
    });

    it('where the storage requires one', () => {
      expect(problemsOf({ ...onRedis, SIGNING_KEY: '', ...ofKeys(good) })).to.deep.equal([]);
    });

    const [rsa, weakRsa, p256, p384] = [
      newKeyText('RS256'),
      pemOf(generateKeyPairSync('rsa', { modulusLength: 1024 })),
      newKeyText('ES256'),
      pemOf(generateKeyPairSync('ec', { namedCurve: 'P-384' })),
    ];
    const wrong: Readonly<Record<string, readonly [unknown, RegExp]>> = {
      'is no object': ['text', /no object/],
      'is null': [null, /no object/],
      'has no algorithm': [{ kid: 'a', key }, /alg other than HS256, RS256, ES256\./],
      'has an algorithm that is none': [{ ...good, alg: 'none' }, /alg/],
      'has an algorithm that we do not know': [{ ...good, alg: 'HS512' }, /alg/],
      'has an empty name': [{ ...good, kid: '' }, /kid/],
      'has a number for a name': [{ ...good, kid: 1 }, /kid/],
      'has null for a name': [{ ...good, kid: null }, /kid/],
      'has a path for a name': [{ ...good, kid: '../key' }, /kid/],
      'has too long a name': [{ ...good, kid: 'a'.repeat(65) }, /kid/],
      'has no key': [{ kid: 'a', alg: 'HS256' }, /no text as its key/],
      'has a list for a key': [{ ...good, key: [key] }, /no text as its key/],
      'has something more': [{ ...good, secret: key }, /more than kid, alg and key/],
      'is too short': [{ ...good, key: key.slice(1) }, /shorter than 32 bytes; .*openssl rand/],
      'is easy to guess': [{ ...good, key: 'k'.repeat(64) }, /easy to guess .*openssl rand/],
      'is a PEM file for HS256': [{ ...good, key: p256 }, /PEM/],
      'is no PEM file for RS256': [{ ...good, alg: 'RS256' }, /no private key .*openssl genpkey/],
      'is for RS256 and too short': [{ ...good, alg: 'RS256', key: weakRsa }, /shorter than 2048 bits/],
      'is for RS256 and of another kind': [{ ...good, alg: 'RS256', key: p256 }, /no RSA key/],
      'is for ES256 and of another kind': [{ ...good, alg: 'ES256', key: rsa }, /P-256.*openssl genpkey/],
      'is for ES256 and on another curve': [{ ...good, alg: 'ES256', key: p384 }, /P-256/],
    };
    for (const [what, [entry, complaint]] of Object.entries(wrong)) {
      it(`but not one that ${what}`, () => {
        const problems = problemsOf(ofKeys(good, { ...good, kid: 'b' }, entry));
        expect(problems).to.have.length(1);
        expect(problems[0])
          .to.match(/^SIGNING_KEYS_FILE=.*keys\.json: key 3 /)
          .and.match(complaint)
          .and.not.include(key.slice(1));
      });
    }

    it('and reports what is wrong with each', () => {
      expect(problemsOf(ofKeys('text', good, { ...good, key: 'short' }))).to.have.length(2);
    });

    it('but not two of one name', () => {
      for (const twins of [
        [good, good],
        [
          { alg: 'HS256', key },
          { alg: 'HS256', key: other },
        ],
      ]) {
        const problems = problemsOf(ofKeys(...twins));
        expect(problems).to.have.length(1);
        expect(problems[0]).to.match(/^SIGNING_KEYS_FILE=.*: two keys have the same kid, or none/);
      }
    });

    for (const text of [
      '',
      key,
      `{"keys":[{"kid":"a","alg":"HS256","key":"${key}"}`,
      JSON.stringify([good]),
      JSON.stringify({ keys: good }),
      '{"keys":[]}',
      'null',
      '1',
    ]) {
      it(`but not from a file of ${text.slice(0, 30) || 'nothing'}`, () => {
        const problems = problemsOf({ SIGNING_KEYS_FILE: file('no-keys.json', text) });
        expect(problems).to.have.length(1);
        expect(problems[0])
          .to.match(/^SIGNING_KEYS_FILE=.*no-keys\.json: expected \{"keys":\[\{"kid":/)
          .and.not.include(key.slice(0, 8));
      });
    }

    it('but not from a file that is not there', () => {
      const problems = problemsOf({ SIGNING_KEYS_FILE: join(directory, 'missing.json') });
      expect(problems).to.have.length(1);
      expect(problems[0]).to.match(/^SIGNING_KEYS_FILE=.*missing\.json: the file cannot be read \(ENOENT\)/);
    });

    it('but not beside a single one, or an algorithm for it', () => {
      for (const [environment, complaint] of [
        [{ SIGNING_KEY: key }, /^SIGNING_KEY and SIGNING_KEYS_FILE are set together/],
        [{ SIGNING_KEY_FILE: 'key' }, /^SIGNING_KEY_FILE and SIGNING_KEYS_FILE are set together/],
        [{ ALGORITHM: 'HS256' }, /^ALGORITHM is set beside SIGNING_KEYS_FILE/],
      ] as const) {
        const problems = problemsOf({ ...ofKeys(good), ...environment });
        expect(problems).to.have.length(1);
        expect(problems[0]).to.match(complaint).and.not.include(key);
      }
    });
  });

  describe('warns of cheap password hashes', () => {
    it('on Redis', () => {
      const { warnings } = readConfig({ ...onRedis, BCRYPT_COST: '9' });
      expect(warnings).to.have.length(1);
      expect(warnings[0]).to.match(/^BCRYPT_COST=9 /);
    });

    it('and not of those at a cost of 10', () => {
      expect(readConfig({ ...onRedis, BCRYPT_COST: '10' }).warnings).to.deep.equal([]);
    });

    it('and not in memory', () => {
      expect(readConfig({ BCRYPT_COST: '4' }).warnings).to.deep.equal([]);
    });
  });

  describe('warns of a name that is nearly that of a setting', () => {
    for (const [name, meant] of [
      ['REGISTRATIONS', 'REGISTRATION'],
      ['REGISTRAION', 'REGISTRATION'],
      ['STORGAE', 'STORAGE'],
      ['LOGLEVEL', 'LOG_LEVEL'],
      ['TRUSTPROXY', 'TRUST_PROXY'],
      ['THROTTLE_SIGNIN_ADDRESS', 'THROTTLE_SIGN_IN_ADDRESS'],
      ['REDIS_URI', 'REDIS_URL'],
      ['TRUSTED_PROXY', 'TRUST_PROXY'],
      ['SIGNING_KEY_FIEL', 'SIGNING_KEY_FILE'],
      ['WORKER', 'WORKERS'],
      ['PROT', 'PORT'],
      ['HOSTS', 'HOST'],
      ['registration', 'REGISTRATION'],
      ['Port', 'PORT'],
    ] as const) {
      it(`${name} for ${meant}, without its value`, () => {
        const { warnings } = readConfig({ [name]: 'a value' });
        expect(warnings).to.deep.equal([`${name} is not a setting. Did you mean ${meant}?`]);
      });
    }

    it('and reports it together with other problems, as a likely cause', () => {
      const problems = problemsOf({ STORAGE: './mine.js', SIGNINGKEY: key });
      expect(problems[0]).to.match(/^SIGNING_KEY is missing/);
      expect(problems[1]).to.equal('SIGNINGKEY is not a setting. Did you mean SIGNING_KEY?');
    });

    it('and not of what shells, containers and Kubernetes set', () => {
      const common =
        'HOME HOSTNAME HOSTTYPE OSTYPE MACHTYPE PATH PWD OLDPWD TERM USER LOGNAME SHELL SHLVL LANG LC_ALL EDITOR MAIL TZ _ ' +
        'POD_IP NODE_ENV NODE_VERSION NODE_OPTIONS YARN_VERSION NO_PROXY HTTP_PROXY http_proxy npm_config_cache CI DEBUG ' +
        'X_PORT X_SERVICE_HOST DB_HOST DB_PORT WEB_PORT API_PORT_80_TCP KUBERNETES_PORT KUBERNETES_SERVICE_HOST DATABASE_URL ' +
        'REDIS_HOST REDIS_PORT REDIS_PORT_6379_TCP REDIS_SERVICE_HOST REDIS_SERVICE_PORT REDIS_PASSWORD REDIS_USER REDIS_DB ' +
        'SECRET_KEY DOCKER_HOST SSH_TTY XDG_SESSION_ID INVOCATION_ID JOURNAL_STREAM NOTIFY_SOCKET MEMORY_PRESSURE_WATCH';
      const environment = Object.fromEntries(common.split(' ').map((name) => [name, 'x']));
      expect(readConfig(environment).warnings).to.deep.equal([]);
    });
  });

  describe('warns of a file of keys', () => {
    for (const [mode, isWarned] of [
      [0o600, false],
      [0o640, false],
      [0o644, true],
      [0o602, true],
    ] as const) {
      it(`${isWarned ? '' : 'not '}with the mode ${mode.toString(8)}`, () => {
        const single = file('some-key', key);
        const several = file('some-keys.json', JSON.stringify({ keys: [{ alg: 'HS256', key }] }));
        for (const [name, path] of [
          ['SIGNING_KEY_FILE', single],
          ['SIGNING_KEYS_FILE', several],
        ] as const) {
          chmodSync(path, mode);
          const expected = `${name}=${path} can be read or changed by every user: chmod o= ${path}`;
          expect(readConfig({ [name]: path }).warnings).to.deep.equal(isWarned ? [expected] : []);
        }
      });
    }
  });

  describe('is rejected with one message that names the variable', () => {
    for (const environment of [
      { REDIS_URL: 'redis://ann:hunter22@cache' },
      { REDIS_MODE: 'cluster' },
      { REDIS_KEY_PREFIX: 'todo:' },
      { STORAGE: ' ', REDIS_URL: 'redis://cache' },
    ]) {
      it(`${named(environment)} without STORAGE`, () => {
        const [problem, ...more] = problemsOf({ ...environment, SIGNING_KEY: key });
        expect(problem).to.match(/^REDIS_\w+ without STORAGE: set STORAGE=redis, or leave this out\.$/);
        expect(more).to.deep.equal([]);
      });
    }

    for (const storage of ['Redis', 'REDIS', 'Memory']) {
      it(`STORAGE=${storage}`, () => {
        const lower = storage.toLowerCase();
        const expected = [`STORAGE=${storage}: write it in lower case, ${lower}.`];
        expect(problemsOf({ ...onRedis, STORAGE: storage })).to.deep.equal(expected);
      });
    }

    for (const storage of [
      'postgres://bob:hunter22@h/db',
      'postgres://bob:hunter 22@h/db',
      'POSTGRES://bob:hunter22@h/db',
      'mysql2://h/db?user=bob&password=hunter22',
      'https://bob:hunter22@h/storage.js',
      'data:text/javascript,hunter22',
      'bob:hunter22@h/db',
    ]) {
      it(`STORAGE=${storage}, without what may be a password`, () => {
        const expected =
          'STORAGE is a URL: expected memory, redis, a package, or a path that starts with ./ or /.';
        expect(problemsOf({ STORAGE: storage, SIGNING_KEY: key })).to.deep.equal([expected]);
      });
    }

    const secretValues = [
      'redis://ann:hunter22@h:1/0',
      'redis://ann:hunter@22@h',
      'redis://ann:hunter 22@h',
      'https://h/x?password=hunter22&a=b',
      'ann:hunter22@h',
    ];
    for (const name of Object.keys(variables)) {
      it(`or accepted: ${name} with a URL, whose password is not shown`, () => {
        for (const value of secretValues) {
          const environment = { ...onRedis, [name]: value };
          const shown = problemsOf(environment).join();
          expect(shown).not.to.match(/hunter|22/);
        }
      });
    }
    const bad: Readonly<Record<string, readonly string[]>> = {
      PORT: ['-1', '65536', '80.5', '0x50', 'http', '8e1'],
      ACCESS_TOKEN_LIFETIME: ['30', '0', '0s', '30min', '1.5h', '-5m', '5 m', 'm', '1w', '5M', '101000d'],
      REFRESH_TOKEN_LIFETIME: ['1', '0d', 'forever'],
      SESSION_LIFETIME: ['30', '0', '1y'],
      REFRESH_GRACE: ['10', '-1s', '00'],
      ROTATE_REFRESH_TOKENS: ['yes', '1', 'True', 'on'],
      MAX_SESSIONS_PER_USER: ['0', '1001', 'none'],
      MAX_TASKS_PER_USER: ['0', '10000001', '1e3', 'none'],
      MAX_BYTES_PER_USER: ['1023b', '1025gb', '64', '1tb', 'off'],
      REGISTRATION: ['Closed', 'true', 'invite'],
      BCRYPT_COST: ['3', '16', '12.0', 'high'],
      BODY_LIMIT: ['100', '1023b', '65mb', '1gb', '0.5mb', 'kb'],
      WORKERS: ['0', '257', '2', 'auto-ish', '-1'],
      SHUTDOWN_DELAY: ['5', '-1s', '2h', 'soon'],
      THROTTLE_SIGN_IN: [
        '0/5m',
        '10',
        '10/',
        '10/5',
        '10/0s',
        '/5m',
        '10/5m/1h',
        'none',
        '1.5/1m',
        '1000001/1d',
      ],
      THROTTLE_SIGN_IN_USERNAME: ['10 times'],
      THROTTLE_SIGN_IN_ADDRESS: ['0'],
      THROTTLE_REGISTER: ['no'],
      THROTTLE_REFRESH: ['OFF'],
      TRUST_PROXY: [
        '17',
        '-1',
        'all',
        '1.5',
        '10.0.0',
        '10.0.0.0/',
        '10.0.0.0/0',
        '10.0.0.0/33',
        '::/129',
        '::1,',
      ],
      AUTH_HEADER_TYPES: ['Bearer,', 'Bearer JWT', 'Bearer:', '"Bearer"', 'Bäarer', ','],
      CORS_ORIGINS: [
        'app.example',
        'https://',
        'https://*.app.example',
        'https://app.example:99999',
        'https://app.example,',
        'https://a.example https://b.example',
        'https://a.example;https://b.example',
        '/^https:/',
        'localhost:3000',
        'file://',
        'all',
        'None',
        '*,https://app.example',
        'none,https://app.example',
        '*,*',
      ],
      ALGORITHM: ['none', 'hs256', 'HS512', 'EdDSA'],
      LOG_LEVEL: ['verbose', 'INFO', '30'],
    };
    for (const [name, values] of Object.entries(bad)) {
      for (const value of values) {
        it(`${name}=${value}`, () => {
          const problems = problemsOf({ [name]: value });
          expect(problems).to.have.length(1);
          expect(problems[0]).to.satisfy((sentence: string) => sentence.startsWith(`${name}=${value}: `));
        });
      }
    }

    for (const [given, sent] of [
      ['https://app.example:443', 'https://app.example'],
      ['http://app.example:80', 'http://app.example'],
      ['https://app.example/', 'https://app.example'],
      ['https://app.example/page?x=1', 'https://app.example'],
      ['https://App.Example', 'https://app.example'],
      ['HTTPS://app.example', 'https://app.example'],
      ['Capacitor://Localhost', 'capacitor://localhost'],
      ['https://ünï.example', 'https://xn--n-nga1b.example'],
    ] as const) {
      it(`CORS_ORIGINS=${given}, with what browsers send instead`, () => {
        const [problem, ...more] = problemsOf({ CORS_ORIGINS: `https://other.example,${given}` });
        expect(problem).to.match(
          /^CORS_ORIGINS=.*: browsers send an origin in lower case, without .*port: write /,
        );
        expect(problem?.endsWith(`: write ${sent}.`)).to.equal(true);
        expect(more).to.deep.equal([]);
      });
    }

    it('an origin that CORS_ORIGINS has twice', () => {
      const origins = 'https://a.example,https://b.example,https://a.example';
      const expected = `CORS_ORIGINS=${origins}: https://a.example is there twice.`;
      expect(problemsOf({ CORS_ORIGINS: origins })).to.deep.equal([expected]);
    });

    const overTls = { REDIS_URL: 'rediss://ann:hunter22@cache' };
    const onSentinels = { REDIS_MODE: 'sentinel', REDIS_SENTINEL_NAME: 'main' };
    const withSentinels = { ...onSentinels, REDIS_SENTINEL_PASSWORD: 'hunter22' };
    const redis: readonly (readonly [name: string, Environment])[] = [
      ['REDIS_URL', { REDIS_URL: '' }],
      ['REDIS_URL', { REDIS_URL: '127.0.0.1:6379' }],
      ['REDIS_URL', { REDIS_URL: 'redis://' }],
      ['REDIS_URL', { REDIS_URL: 'http://ann:hunter22@cache' }],
      ['REDIS_URL', { REDIS_URL: 'redis://ann:hunter22@cache:port' }],
      ['REDIS_URL', { REDIS_URL: 'redis://ann:hunter22@cache:123456' }],
      ['REDIS_URL', { REDIS_URL: 'redis://ann:hunter22@cache:65536' }],
      ['REDIS_URL', { REDIS_URL: 'redis://ann:hunter22@cache:0' }],
      ['REDIS_URL', { REDIS_URL: 'redis://ann:hunter22@cache/first' }],
      ['REDIS_URL', { REDIS_URL: 'redis://ann:hunter22/@cache' }],
      ['REDIS_URL', { REDIS_URL: 'redis://ann:hunter22@@cache' }],
      ['REDIS_URL', { REDIS_URL: 'redis://ann:hunter22@cache?family=6' }],
      ['REDIS_URL', { REDIS_URL: 'redis://ann:hunter22@a,b' }],
      ['REDIS_URL', { REDIS_URL: 'redis://ann:hunter22@a,,b', REDIS_MODE: 'cluster' }],
      ['REDIS_URL', { REDIS_URL: 'redis://ann:hunter22@a,b/1', REDIS_MODE: 'cluster' }],
      ['REDIS_MODE', { REDIS_MODE: 'standalone' }],
      ['REDIS_SENTINEL_NAME', { REDIS_MODE: 'sentinel' }],
      ['REDIS_KEY_PREFIX', { REDIS_KEY_PREFIX: '{todo}:' }],
      ['REDIS_KEY_PREFIX', { REDIS_KEY_PREFIX: 'todo}' }],
      ['REDIS_WAIT_REPLICAS', { REDIS_WAIT_REPLICAS: '10' }],
      ['REDIS_WAIT_REPLICAS', { REDIS_WAIT_REPLICAS: 'All' }],
      ['REDIS_URL', { REDIS_URL: 'unix://ann:hunter22@/run/redis.sock', REDIS_MODE: 'cluster' }],
      ['REDIS_URL', { REDIS_URL: 'unix://ann:hunter22@' }],
      ['REDIS_URL', { REDIS_URL: 'unix://ann:hunter22@/run/redis.sock?db=first' }],
      ['REDIS_PASSWORD_FILE', { REDIS_PASSWORD_FILE: './missing' }],
      ['REDIS_PASSWORD_FILE', { REDIS_PASSWORD_FILE: '/dev/null' }],
      [
        'REDIS_PASSWORD_FILE',
        { REDIS_PASSWORD_FILE: 'package.json', REDIS_URL: 'redis://ann:hunter22@cache' },
      ],
      ['REDIS_TLS_CA_FILE', { REDIS_TLS_CA_FILE: 'package.json' }],
      ['REDIS_TLS_SERVERNAME', { REDIS_TLS_SERVERNAME: 'cache' }],
      ['REDIS_TLS_SERVERNAME', { ...overTls, REDIS_TLS_SERVERNAME: '192.0.2.1' }],
      ['REDIS_TLS_SERVERNAME', { ...overTls, REDIS_TLS_SERVERNAME: 'cache:6379' }],
      ['REDIS_TLS_SERVERNAME', { REDIS_TLS_SERVERNAME: 'cache', REDIS_URL: '/run/redis.sock' }],
      ['REDIS_TLS_CA_FILE', { ...overTls, REDIS_TLS_CA_FILE: './missing' }],
      ['REDIS_TLS_CA_FILE', { ...overTls, REDIS_TLS_CA_FILE: 'package.json' }],
      ['REDIS_TLS_CERT_FILE', { ...overTls, REDIS_TLS_CERT_FILE: 'package.json' }],
      ['REDIS_TLS_CERT_FILE', { ...overTls, REDIS_TLS_KEY_FILE: 'package.json' }],
      ['REDIS_SENTINEL_PASSWORD', { REDIS_SENTINEL_PASSWORD: 'hunter22' }],
      ['REDIS_SENTINEL_PASSWORD', { ...withSentinels, REDIS_SENTINEL_PASSWORD_FILE: 'package.json' }],
      ['REDIS_SENTINEL_PASSWORD_FILE', { ...onSentinels, REDIS_SENTINEL_PASSWORD_FILE: './missing' }],
      ['REDIS_SENTINEL_USERNAME', { ...onSentinels, REDIS_SENTINEL_USERNAME: 'ann' }],
      ['STORAGE', { STORAGE: 'redis://ann:hunter22@cache' }],
    ];
    for (const [name, environment] of redis) {
      it(named(environment), () => {
        const problems = problemsOf({ ...onRedis, ...environment });
        expect(problems).to.have.length(1);
        expect(problems[0])
          .to.match(new RegExp(`^${name}\\b`))
          .and.not.include('hunter22');
      });
    }

    it('several settings of Redis at once', () => {
      const environment = {
        REDIS_URL: '',
        REDIS_KEY_PREFIX: '{}',
        REDIS_WAIT_REPLICAS: '-1',
        REDIS_MODE: 'sentinel',
      };
      expect(problemsOf({ ...onRedis, ...environment })).to.have.length(4);
      expect(problemsOf({ ...onRedis, REDIS_MODE: 'x', REDIS_URL: 'x' })).to.have.length(2);
    });

    const keys: Readonly<Record<string, string>> = {
      'of 31 bytes': 'U7hq-2nXw9zkT4vB6mYc8RfJ3sLdPgA',
      'of one byte over and over': 'k'.repeat(64),
      'of few different bytes': 'abcdefg'.repeat(10),
      'known from documentation': 'a-string-secret-at-least-256-bits-long',
      'that is a public key':
        '-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----',
      'that Django made for a new project': 'django-insecure-8x!q2w#e4r$t6y%u7i^o9p&a1s*d3f(g5h)j',
    };
    for (const [what, weak] of Object.entries(keys)) {
      it(`SIGNING_KEY ${what}`, () => {
        const problems = problemsOf({ SIGNING_KEY: weak });
        expect(problems).to.have.length(1);
        expect(problems[0])
          .to.match(/^SIGNING_KEY is .*openssl rand/)
          .and.not.include(weak);
      });

      it(`SIGNING_KEY_FILE with a key ${what}`, () => {
        const problems = problemsOf({ SIGNING_KEY_FILE: file('bad-key', weak) });
        expect(problems).to.have.length(1);
        expect(problems[0])
          .to.match(/^SIGNING_KEY_FILE is .*openssl rand/)
          .and.not.include(weak);
      });
    }

    it('SIGNING_KEY_FILE that is empty', () => {
      expect(problemsOf({ SIGNING_KEY_FILE: file('empty-key', '\n') })).to.have.length(1);
    });

    for (const [path, code] of [
      ['missing-key', 'ENOENT'],
      ['.', 'EISDIR'],
      ['bad-key/in-a-file', 'ENOTDIR'],
    ] as const) {
      it(`SIGNING_KEY_FILE that cannot be read: ${code}`, () => {
        file('bad-key', key);
        const problems = problemsOf({ SIGNING_KEY_FILE: join(directory, path) });
        expect(problems).to.have.length(1);
        expect(problems[0]).to.match(new RegExp(`^SIGNING_KEY_FILE=.*cannot be read \\(${code}\\)`));
      });
    }

    it('SIGNING_KEY beside SIGNING_KEY_FILE', () => {
      const problems = problemsOf({ SIGNING_KEY: key, SIGNING_KEY_FILE: file('key', key) });
      expect(problems).to.have.length(1);
      expect(problems[0])
        .to.match(/^SIGNING_KEY and SIGNING_KEY_FILE /)
        .and.not.include(key);
    });

    for (const [what, environment] of [
      ['Redis', { ...onRedis, SIGNING_KEY: '' }],
      ['a module', { STORAGE: './mine.js' }],
    ] as const) {
      it(`a missing SIGNING_KEY with the storage in ${what}`, () => {
        const problems = problemsOf(environment);
        expect(problems).to.have.length(1);
        expect(problems[0]).to.match(/^SIGNING_KEY is missing: .*openssl rand/);
      });
    }
  });
});

function pemOf({ privateKey }: { readonly privateKey: KeyObject }): string {
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function named(environment: Environment): string {
  return Object.entries(environment)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
}
