import { userInfo } from 'node:os';
import { expect } from 'chai';
import { expectRejection } from '../support/expect-rejection.js';
import { RecordedLog } from '../support/recorded-log.js';
import { command } from '../support/redis-command.js';
import { RedisServer } from '../support/redis-server.js';
import { openRedisStorage } from '../support/redis-storage.js';
import { program, run, runCommand, type Ending } from '../support/server-process.js';

const input = 'Xk9-fence-Orbit\n';

describe('hexado audit', () => {
  let redis: RedisServer;
  let environment: Readonly<Record<string, string>>;
  let prefixes = 0;
  before(async () => {
    redis = await RedisServer.start();
  });
  beforeEach(() => {
    const prefix = `audit${++prefixes}:`;
    environment = { STORAGE: 'redis', REDIS_URL: redis.url, REDIS_KEY_PREFIX: prefix, BCRYPT_COST: '4' };
  });
  after(() => redis.stop());

  const user = (words: string, more: Readonly<Record<string, string>> = {}): Promise<Ending> =>
    run(['user', ...words.split(' ')], { environment: { ...environment, ...more }, input });
  const audit = (...words: string[]): Promise<Ending> => run(['audit', ...words], { environment });

  /** The fields of each line, without the time. */
  async function records(...words: string[]): Promise<string[]> {
    const { code, stdout, stderr } = await audit(...words);
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    return stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => line.split('\t').slice(1).join(' '));
  }

  /** Adds a record of each of these accounts. */
  async function fill(usernames: readonly string[]): Promise<void> {
    const { REDIS_KEY_PREFIX: keyPrefix = '' } = environment;
    const storage = await openRedisStorage(redis, { clock: () => 0, log: new RecordedLog() }, { keyPrefix });
    const record = { at: 1_700_000_000, by: 'staff', actor: 'boss', act: 'delete', userId: 7 } as const;
    await Promise.all(usernames.map((username) => storage.staff.record({ ...record, username })));
    await storage.close();
  }

  it('prints what was done to which account, by whom and when, the latest first', async () => {
    await user('create ann --staff');
    await user('invite bob');
    for (const words of ['reset bob', 'set-password bob', 'promote bob', 'demote bob', 'logout bob']) {
      await user(words);
    }
    for (const words of ['deactivate bob', 'activate bob', 'delete bob']) await user(words);
    const by = `operator ${userInfo().username}`;
    expect(await records()).to.deep.equal([
      `${by} delete 2 bob`,
      `${by} activate 2 bob`,
      `${by} deactivate 2 bob`,
      `${by} end_sessions 2 bob`,
      `${by} demote 2 bob`,
      `${by} promote 2 bob`,
      `${by} set_password 2 bob`,
      `${by} reset 2 bob`,
      `${by} invite 2 bob`,
      `${by} promote 1 ann`,
      `${by} create 1 ann`,
    ]);
    const [time = ''] = (await audit('--limit', '1')).stdout.split('\t');
    expect(time).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(Date.parse(time)).to.be.closeTo(Date.now(), 300_000);
  });

  it('has no record of what was not done', async () => {
    await user('create ann --staff');
    await user('demote ann');
    await user('create ann');
    expect(await records()).to.have.length(2);
  });

  it('prints nothing while nothing was done', async () => {
    expect(await records()).to.deep.equal([]);
  });

  it('prints one JSON object per line, with --json', async () => {
    await user('create ann');
    const [line = '', ...more] = (await audit('--json')).stdout.split('\n');
    expect(more).to.deep.equal(['']);
    const { time, ...rest } = JSON.parse(line) as { readonly time: string };
    expect(Date.parse(time)).to.be.closeTo(Date.now(), 300_000);
    const done = { act: 'create', userId: 1, username: 'ann' };
    expect(rest).to.deep.equal({ id: 1, by: 'operator', actor: userInfo().username, ...done });
  });

  it('prints the latest records, with --limit', async () => {
    await fill(['ann', 'bob', 'cleo']);
    expect((await records('--limit', '2')).map((line) => line.split(' ').at(-1))).to.deep.equal([
      'cleo',
      'bob',
    ]);
    for (const limit of ['0', '1.5', '']) {
      expectRejection(await audit(`--limit=${limit}`), 64, /^--limit takes a whole number, 1 or more\.$/);
    }
  });

  it('prints more records than one page has, each once, and those of staff too', async () => {
    await fill(Array.from({ length: 2500 }, () => 'gone'));
    const lines = (await audit('--json')).stdout.trimEnd().split('\n');
    const all = lines.map((line) => JSON.parse(line) as { readonly id: number; readonly by: string });
    expect(all.map(({ id }) => id)).to.deep.equal(Array.from({ length: 2500 }, (_, index) => 2500 - index));
    expect(all[0]).to.include({ by: 'staff', actor: 'boss', time: '2023-11-14T22:13:20.000Z' });
  });

  it('ends silently when its reader leaves', async () => {
    await fill(Array.from({ length: 2500 }, () => 'x'.repeat(100)));
    const pipeline = `"${process.execPath}" "${program}" audit | head -n 1; exit \${PIPESTATUS[0]}`;
    const { code, stdout, stderr } = await runCommand(['bash', '--norc', '-c', pipeline], { environment });
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    expect(stdout.split('\n')).to.have.length(2);
  });

  it('names the user who called sudo, without what could move the cursor', async function () {
    if (process.getuid?.() !== 0) this.skip();
    await user('create ann', { SUDO_USER: 'eve\u001b[2J' });
    expect(await records()).to.deep.equal(['operator eve\\u001b[2J create 1 ann']);
  });

  it('says so when an act is done, but the storage takes no record of it', async () => {
    await user('create ann');
    const { REDIS_KEY_PREFIX: prefix } = environment;
    const rules = ['{u:*', 'username:*', 'user-ids', 'layout'].map((key) => `~${prefix}${key}`);
    await command(redis, 'ACL', 'SETUSER', 'half', 'reset', 'on', '>sesame', '+@all', ...rules);
    const ending = await user('deactivate ann', { REDIS_URL: redis.url.replace('//', '//half:sesame@') });
    expect(ending).to.include({
      code: 69,
      stdout: 'User ann cannot sign in any more; all of their sessions have ended.\n',
    });
    const [unrecorded, problem, ...more] = ending.stderr.split('\n');
    expect(unrecorded).to.equal('hexado: This is done, but the audit log may have no record of it.');
    expect(problem).to.match(/^hexado: The storage does not answer \(NOPERM\)\./);
    expect(more).to.deep.equal(['']);
    expect(ending.events.at(-1)).to.include({ event: 'operator_act', act: 'user deactivate' });
    expect((await user('show ann')).stdout).to.match(/^state +inactive$/m);
    expect(await records()).to.have.length(1);
  });
});
