import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { ConfigError, readConfig, type Config } from '../../src/config.js';

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

function redisOf(environment: Environment): unknown {
  const { storage } = readConfig({ ...onRedis, ...environment });
  return storage.kind === 'redis' ? storage.redis : undefined;
}

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

  it('needs nothing to be set', () => {
    expect(readConfig({})).to.deep.equal({
      host: '127.0.0.1',
      port: 3000,
      storage: { kind: 'memory' },
      signingKey: undefined,
      sessions: {
        accessLifetime: 30 * 60,
        refreshLifetime: 24 * 3600,
        sessionLifetime: 30 * 24 * 3600,
        rotate: false,
        grace: 10,
      },
      bcryptCost: 12,
      bodyLimit: 102_400,
      workers: 1,
      trustedProxies: 0,
      logLevel: 'info',
      warnings: [],
    } satisfies Config);
  });

  it('of Redis needs its URL and a key, and listens on all addresses', () => {
    const { host, storage, signingKey } = readConfig(onRedis);
    expect(host).to.equal('0.0.0.0');
    expect(signingKey).to.deep.equal(Buffer.from(key));
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

  it('takes any other STORAGE for a module, which listens on all addresses too', () => {
    const { storage, host } = readConfig({ STORAGE: './mine.js', SIGNING_KEY: key });
    expect(storage).to.deep.equal({ kind: 'module', specifier: './mine.js' });
    expect(host).to.equal('0.0.0.0');
  });

  it('counts variables that are empty or blank as not set', () => {
    expect(readConfig({ PORT: '', STORAGE: ' ', SIGNING_KEY: '', HOST: '\t' })).to.deep.equal(readConfig({}));
  });

  it('does not mind blanks around a value', () => {
    expect(readConfig({ PORT: ' 80 ', SIGNING_KEY: `${key}\n` })).to.deep.include({
      port: 80,
      signingKey: Buffer.from(key),
    });
  });

  describe('understands', () => {
    const understood: readonly (readonly [Environment, object])[] = [
      [{ HOST: '::1' }, { host: '::1' }],
      [{ PORT: '0' }, { port: 0 }],
      [{ PORT: '65535' }, { port: 65_535 }],
      [{ BCRYPT_COST: '4' }, { bcryptCost: 4 }],
      [{ BCRYPT_COST: '15' }, { bcryptCost: 15 }],
      [{ BODY_LIMIT: '2048b' }, { bodyLimit: 2048 }],
      [{ BODY_LIMIT: '1kb' }, { bodyLimit: 1024 }],
      [{ BODY_LIMIT: '2MB' }, { bodyLimit: 2 * 1024 * 1024 }],
      [{ BODY_LIMIT: '64mb' }, { bodyLimit: 64 * 1024 * 1024 }],
      [{ TRUST_PROXY: 'none' }, { trustedProxies: 0 }],
      [{ TRUST_PROXY: '2' }, { trustedProxies: 2 }],
      [{ LOG_LEVEL: 'silent' }, { logLevel: 'silent' }],
      [{ LOG_LEVEL: 'trace' }, { logLevel: 'trace' }],
      [{ ...onRedis, WORKERS: '256' }, { workers: 256 }],
    ];
    for (const [environment, expected] of understood) {
      it(named(environment), () => {
        expect(readConfig(environment)).to.include(expected);
      });
    }

    const sessions: readonly (readonly [Environment, object])[] = [
      [{ ACCESS_TOKEN_LIFETIME: '1s' }, { accessLifetime: 1 }],
      [{ ACCESS_TOKEN_LIFETIME: '90s' }, { accessLifetime: 90 }],
      [{ REFRESH_TOKEN_LIFETIME: '45m' }, { refreshLifetime: 45 * 60 }],
      [{ REFRESH_TOKEN_LIFETIME: '12h' }, { refreshLifetime: 12 * 3600 }],
      [{ SESSION_LIFETIME: '7d' }, { sessionLifetime: 7 * 86_400 }],
      [{ REFRESH_GRACE: '0' }, { grace: 0 }],
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

  it('takes addresses and ranges for TRUST_PROXY', () => {
    const given = '127.0.0.1, 10.0.0.0/8,::1 , fd00::/8';
    const ranges = ['127.0.0.1', '10.0.0.0/8', '::1', 'fd00::/8'];
    expect(readConfig({ TRUST_PROXY: given }).trustedProxies).to.deep.equal(ranges);
  });

  it('counts the cores for WORKERS=auto', () => {
    expect(readConfig({ ...onRedis, WORKERS: 'auto' }).workers).to.be.at.least(1);
  });

  describe('takes the address of Redis from', () => {
    const addresses: readonly (readonly [Environment, object])[] = [
      [{ REDIS_URL: 'redis://cache' }, { hosts: [{ host: 'cache', port: 6379 }], tls: false, database: 0 }],
      [{ REDIS_URL: 'redis://cache:6380/3' }, { hosts: [{ host: 'cache', port: 6380 }], database: 3 }],
      [{ REDIS_URL: 'redis://cache/' }, { hosts: [{ host: 'cache', port: 6379 }], database: 0 }],
      [{ REDIS_URL: 'rediss://cache' }, { tls: true }],
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
      expect(readConfig({ SIGNING_KEY_FILE: path }).signingKey).to.deep.equal(Buffer.from(key));
    });

    it('of hexadecimal digits', () => {
      const hex = '8f2c1e0b7a9d4c6e5f3a2b1c0d9e8f7a';
      expect(readConfig({ SIGNING_KEY: hex }).signingKey).to.deep.equal(Buffer.from(hex));
    });

    it('in bytes, not in characters', () => {
      const greek = 'αβγδεζηθικλμνξοπ'; // 16 characters, 32 bytes.
      expect(readConfig({ SIGNING_KEY: greek }).signingKey).to.have.length(32);
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

  describe('is refused in one sentence that names the variable', () => {
    const bad: Readonly<Record<string, readonly string[]>> = {
      PORT: ['-1', '65536', '80.5', '0x50', 'http', '8e1'],
      ACCESS_TOKEN_LIFETIME: ['30', '0', '0s', '30min', '1.5h', '-5m', '5 m', 'm', '1w', '5M', '101000d'],
      REFRESH_TOKEN_LIFETIME: ['1', '0d', 'forever'],
      SESSION_LIFETIME: ['30', '0', '1y'],
      REFRESH_GRACE: ['10', '-1s', '00'],
      ROTATE_REFRESH_TOKENS: ['yes', '1', 'True', 'on'],
      BCRYPT_COST: ['3', '16', '12.0', 'high'],
      BODY_LIMIT: ['100', '1023b', '65mb', '1gb', '0.5mb', 'kb'],
      WORKERS: ['0', '257', '2', 'auto-ish', '-1'],
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
      ['REDIS_WAIT_REPLICAS', { REDIS_WAIT_REPLICAS: 'all' }],
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

function named(environment: Environment): string {
  return Object.entries(environment)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
}
