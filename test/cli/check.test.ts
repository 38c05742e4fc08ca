import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { expectRejection } from '../support/expect-rejection.js';
import { command } from '../support/redis-command.js';
import { appending, RedisServer } from '../support/redis-server.js';
import { signingKey } from '../support/running-server.js';
import { run } from '../support/server-process.js';

describe('hexado check', () => {
  let redis: RedisServer;
  let environment: Readonly<Record<string, string>>;
  before(async () => {
    redis = await RedisServer.start(appending);
    environment = { STORAGE: 'redis', REDIS_URL: redis.url, SIGNING_KEY: signingKey };
  });
  after(() => redis.stop());

  /** The lines that are not `ok`, and the exit code. */
  async function check(settings: Readonly<Record<string, string>> = {}) {
    const { code, stdout, stderr } = await run(['check'], { environment: { ...environment, ...settings } });
    expect(stderr).to.equal('');
    const lines = stdout.trimEnd().split('\n');
    expect(lines.every((line) => /^(?:ok|warning|problem) +[a-z]+ +\S.*[.?]$/.test(line))).to.equal(true);
    return { code, lines, findings: lines.filter((line) => !line.startsWith('ok ')) };
  }

  it('tells an empty database from one with users', async () => {
    const { code, findings } = await check();
    expect(code).to.equal(1);
    expect(findings).to.deep.equal([
      'warning  data      No user was ever stored under the prefix hexado: in database 0: check REDIS_URL and REDIS_KEY_PREFIX.',
    ]);
  });

  describe('with a user', () => {
    before(() => run(['user', 'create', 'ann'], { environment, input: 'Xk9-fence-Orbit' }));

    it('exits with 0 if there is nothing to mend, and says what it has looked at', async () => {
      const { code, lines, findings } = await check();
      expect({ code, findings }).to.deep.equal({ code: 0, findings: [] });
      const about = lines.map((line) => line.split(/ +/)[1]);
      expect(about).to.deep.equal([
        'key',
        'storage',
        'data',
        'tls',
        'version',
        'memory',
        'replicas',
        'clock',
      ]);
    });

    it('names a Redis that drops data, and one that keeps nothing on its disk', async () => {
      await command(redis, 'CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
      await command(redis, 'CONFIG', 'SET', 'appendonly', 'no');
      const { code, findings } = await check();
      await command(redis, 'CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
      await command(redis, 'CONFIG', 'SET', 'appendonly', 'yes');
      expect(code).to.equal(1);
      expect(findings).to.have.length(2);
      expect(findings[0]).to.match(/^warning +storage +.*: set maxmemory-policy to noeviction\.$/);
      expect(findings[1]).to.match(/^warning +storage +.*: set appendonly to yes\.$/);
    });

    it('names memory that is nearly full', async () => {
      const [used = ''] = /(?<=used_memory:)\d+/.exec(String(await command(redis, 'INFO', 'memory'))) ?? [];
      await command(redis, 'CONFIG', 'SET', 'maxmemory', String(Math.ceil(Number(used) * 1.05)));
      const { code, findings } = await check();
      await command(redis, 'CONFIG', 'SET', 'maxmemory', '0');
      expect(code).to.equal(1);
      expect(findings.join()).to.match(/memory +\d+ MB of \d+ MB are used: raise maxmemory/);
    });

    it('names replicas that are missing', async () => {
      const { code, findings } = await check({ REDIS_WAIT_REPLICAS: '1' });
      expect(code).to.equal(1);
      expect(findings.join('\n')).to.match(
        /^problem +replicas +0 replicas .* REDIS_WAIT_REPLICAS=1 needs 1/m,
      );
    });

    it('repeats the warnings about settings', async () => {
      const { code, findings } = await check({ BCRYPT_COST: '4', REGISTRATIONS: 'closed' });
      expect(code).to.equal(1);
      expect(findings.map((line) => line.split(/ {2,}/)[2])).to.deep.equal([
        'REGISTRATIONS is not a setting. Did you mean REGISTRATION?',
        'BCRYPT_COST=4 makes stolen password hashes cheap to guess; use 10 or more.',
      ]);
    });

    it('names a signing key that is older than a year', async () => {
      const directory = mkdtempSync(join(tmpdir(), 'hexado-check-'));
      const path = join(directory, 'keys.json');
      writeFileSync(
        path,
        JSON.stringify({ keys: [{ kid: '2020-01-31-0a1b2c3d', alg: 'HS256', key: signingKey }] }),
        { mode: 0o600 },
      );
      const { code, findings } = await check({ SIGNING_KEY: '', SIGNING_KEYS_FILE: path });
      rmSync(directory, { recursive: true });
      expect(code).to.equal(1);
      expect(findings.join()).to.match(/^warning +key +The key is \d{4} days old: rotate it/);
    });
  });

  it('ends with 78 and all problems if the settings are wrong', async () => {
    const wrong = { ...environment, SIGNING_KEY: 'short', PORT: 'http' };
    const { code, stderr } = await run(['check'], { environment: wrong });
    expect(code).to.equal(78);
    expect(stderr)
      .to.match(/^hexado: PORT=http: /m)
      .and.match(/^hexado: SIGNING_KEY is shorter than 32/m);
  });

  it('ends with 69 if Redis is unavailable', async () => {
    const gone = await RedisServer.start();
    await gone.stop();
    const ending = await run(['check'], { environment: { ...environment, REDIS_URL: gone.url } });
    expectRejection(ending, 69, /^The storage does not answer \(ECONNREFUSED\)/);
  });

  it('ends with 78 if the data has another layout', async () => {
    await command(redis, 'SET', 'other:layout', '2');
    const ending = await run(['check'], { environment: { ...environment, REDIS_KEY_PREFIX: 'other:' } });
    expectRejection(ending, 78, /^The storage has data of layout 2\. /);
  });

  it('looks at a storage in memory too', async () => {
    const { code, stdout } = await run(['check']);
    expect(code).to.equal(1);
    expect(stdout)
      .to.match(/^warning +key +The key is random/m)
      .and.match(/^ok +storage /m);
  });
});
