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
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'hexado-import-'));
    redis = await RedisServer.start();
    observer = new Redis(redis.url);
  });
  after(async () => {
    await observer.quit();
    await redis.stop();
    rmSync(directory, { recursive: true });
  });

  it('that is killed in the middle and run again comes back byte for byte', async () => {
    const given = join(directory, 'given.jsonl');
    const back = join(directory, 'back.jsonl');
    const whole = exportLines(users, tasksPerUser);
    writeFileSync(given, whole);
    const environment = { STORAGE: 'redis', REDIS_URL: redis.url };
    // A process that may use 100 MB of heap holds nothing like all of the data.
    const command = `"${process.execPath}" --max-old-space-size=100 "${program}" import <"${given}"`;
    const inShell = (text: string): Promise<Ending> =>
      runCommand(['bash', '--norc', '-c', text], { environment });

    const marker = join(directory, 'kill it');
    const untilMarked = `while [ ! -e "${marker}" ] && kill -0 $!; do sleep 0.05; done`;
    const first = inShell(`${command} & ${untilMarked}; kill -KILL $!; wait $!`);
    await waitFor('users are there', async () => (await observer.dbsize()) > users, { timeout: 120_000 });
    writeFileSync(marker, '');
    expect((await first).code).to.equal(128 + 9);

    const startedAt = Date.now();
    const { code, stdout, stderr } = await inShell(command);
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    const [, imported, present] = /(\d+) users and \d+ tasks imported\. (\d+) users were/.exec(stdout) ?? [];
    expect(Number(present)).to.be.above(0);
    expect(Number(imported) + Number(present)).to.equal(users);

    const exported = await run(['export', '--output', back], { environment });
    expect(exported).to.include({ code: 0, stderr: '' });
    expect(readFileSync(back, 'utf8') === whole).to.equal(true);
    expect(await observer.keys('*:import*')).to.deep.equal([]);
    report(
      `${whole.length} bytes; ${present} users were there; the rest and back took ${Date.now() - startedAt} ms`,
    );
  });
});
