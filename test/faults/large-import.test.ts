import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { exportLines } from '../support/export-lines.js';
import { RedisServer } from '../support/redis-server.js';
import { report } from '../support/report.js';
import { program, run, runCommand, type Ending } from '../support/server-process.js';
import { waitFor } from '../support/wait-for.js';

const users = 10_000;
const tasksPerUser = 20;

describe('an import of 10,000 users with 20 tasks each', function () {
  this.timeout(600_000);
  let directory: string;
  let redis: RedisServer;
  let observer: Redis;
  let environment: Readonly<Record<string, string>>;
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'hexado-import-'));
    redis = await RedisServer.start();
    observer = new Redis(redis.url);
    environment = { STORAGE: 'redis', REDIS_URL: redis.url };
  });
  beforeEach(() => observer.flushdb());
  after(async () => {
    await observer.quit();
    await redis.stop();
    rmSync(directory, { recursive: true });
  });

  const inShell = (text: string): Promise<Ending> =>
    runCommand(['bash', '--norc', '-c', text], { environment });

  /**
   * Runs the import, kills it in the middle and runs it again; returns what the second one printed and how long it took.
   * A process that may use 100 MB of heap holds nothing like all of the data.
   */
  async function killedAndRunAgain(words: string): Promise<{ stdout: string; milliseconds: number }> {
    const command = `"${process.execPath}" --max-old-space-size=100 "${program}" import ${words}`;
    const marker = join(directory, 'kill it');
    const untilMarked = `while [ ! -e "${marker}" ] && kill -0 $!; do sleep 0.05; done`;
    const first = inShell(`${command} & ${untilMarked}; kill -KILL $!; wait $!`);
    await waitFor('much is there', async () => (await observer.dbsize()) > users, { timeout: 120_000 });
    writeFileSync(marker, '');
    expect((await first).code).to.equal(128 + 9);
    rmSync(marker);

    const startedAt = Date.now();
    const { code, stdout, stderr } = await inShell(command);
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    return { stdout, milliseconds: Date.now() - startedAt };
  }

  it('that is killed in the middle and run again comes back byte for byte', async () => {
    const given = join(directory, 'given.jsonl');
    const back = join(directory, 'back.jsonl');
    const whole = exportLines(users, tasksPerUser, (user) => user % 3 === 0 && user % 7 !== 0);
    writeFileSync(given, whole);
    const { stdout, milliseconds } = await killedAndRunAgain(`<"${given}"`);
    const [, imported, present] = /(\d+) users and \d+ tasks imported\. (\d+) users were/.exec(stdout) ?? [];
    expect(Number(present)).to.be.above(0);
    expect(Number(imported) + Number(present)).to.equal(users);

    const exported = await run(['export', '--output', back], { environment });
    expect(exported).to.include({ code: 0, stderr: '' });
    expect(readFileSync(back, 'utf8') === whole).to.equal(true);
    expect(await observer.keys('*:import*')).to.deep.equal([]);
    report(`${whole.length} bytes; ${present} users were there; the rest took ${milliseconds} ms`);
  });

  it('from Django, with the tasks of all users mixed, is complete after it was killed and run again', async () => {
    const given = join(directory, 'dump.json');
    const dump = djangoDump(users, tasksPerUser);
    writeFileSync(given, dump);
    const { stdout, milliseconds } = await killedAndRunAgain(`--from-django "${given}" --staff`);
    const [imported, staff] = stdout.split('\n');
    expect(imported).to.equal(`${users} users and ${users * tasksPerUser} tasks imported.`);
    expect(staff).to.match(/^Staff here: user\.10, user\.20, .* and 980 more\.$/);
    const back = join(directory, 'back.jsonl');
    await run(['export', '--output', back], { environment });
    const lines = readFileSync(back, 'utf8').trimEnd().split('\n');
    expect(lines).to.have.length(2 + users + users * tasksPerUser);
    expect(lines.filter((line) => line.endsWith(',"staff":true}'))).to.have.length(users / 10);
    const last = users * tasksPerUser;
    expect(JSON.parse(lines.at(-2) ?? '')).to.include({ userId: users, id: last, title: `Task ${last}` });
    expect(await observer.keys('*:import*')).to.deep.equal([]);
    report(`${dump.length} bytes; the second run took ${milliseconds} ms`);
  });
});

/** A dump as Django prints it, with one task after the other for each user in turn. */
function djangoDump(userCount: number, tasksPer: number): string {
  const records: object[] = [];
  for (let pk = 1; pk <= userCount; pk++) {
    const password = `pbkdf2_sha256$260000$salt$${'A'.repeat(43)}=`;
    const account = {
      password,
      username: `user.${pk}`,
      is_active: true,
      date_joined: '2023-05-01T12:30:15Z',
    };
    const fields = { ...account, is_staff: pk % 10 === 0 };
    records.push({ model: 'auth.user', pk, fields });
  }
  for (let pk = 1; pk <= userCount * tasksPer; pk++) {
    const user = ((pk - 1) % userCount) + 1;
    const fields = { title: `Task ${pk}`, description: 'long '.repeat(40).trim(), status: 'pending', user };
    records.push({ model: 'tasks.task', pk, fields });
  }
  return JSON.stringify(records);
}
