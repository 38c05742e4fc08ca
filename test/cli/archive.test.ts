import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { expectRejection } from '../support/expect-rejection.js';
import { exportLines } from '../support/export-lines.js';
import { RedisServer } from '../support/redis-server.js';
import { signingKey } from '../support/running-server.js';
import { program, run, runCommand, ServerProcess, type Ending } from '../support/server-process.js';

describe('hexado export and import', () => {
  const small = exportLines(3, 4);
  const lines = small.split('\n');
  let directory: string;
  let redis: RedisServer;
  let prefixes = 0;
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'hexado-archive-'));
    redis = await RedisServer.start();
  });
  after(async () => {
    await redis.stop();
    rmSync(directory, { recursive: true });
  });

  /** The small export with another text in the place of a line. */
  const withLine = (number: number, text: string): string => lines.with(number - 1, text).join('\n');

  type Environment = Readonly<Record<string, string>>;

  /** An empty storage of its own. The commands need no signing key. */
  const newStorage = (): Environment => ({
    STORAGE: 'redis',
    REDIS_URL: redis.url,
    REDIS_KEY_PREFIX: `archive${++prefixes}:`,
  });
  const importInto = (environment: Environment, input: string, ...words: string[]): Promise<Ending> =>
    run(['import', ...words], { environment, input });

  async function exported(environment: Environment): Promise<string> {
    const { code, stdout, stderr } = await run(['export'], { environment });
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    return stdout;
  }

  it('moves users, who sign in as before and find their tasks and ids continued', async () => {
    const [from, to] = [newStorage(), newStorage()];
    const serverSettings = { SIGNING_KEY: signingKey, BCRYPT_COST: '4' };
    const old = await ServerProcess.start({ ...from, ...serverSettings });
    const user = await old.registerAndSignIn();
    const { username, password } = user;
    const milk = { title: 'Buy milk', description: 'Two litres' };
    for (let i = 0; i < 3; i++) await old.call('POST', '/tasks/create/', milk, user.access);
    await old.call('DELETE', '/tasks/3/delete/', undefined, user.access);
    const tasks = await old.call('GET', '/tasks/', undefined, user.access);
    await old.kill();

    expect(await importInto(to, await exported(from))).to.include({
      code: 0,
      stdout: '1 users and 2 tasks imported.\n',
      stderr: '',
    });
    expect(await exported(to)).to.equal(await exported(from));
    const server = await ServerProcess.start({ ...to, ...serverSettings });
    const ended = await server.call('GET', '/tasks/', undefined, user.access);
    const { access } = (await server.call('POST', '/api/token/', { username, password })).json() as {
      readonly access: string;
    };
    const restored = await server.call('GET', '/tasks/', undefined, access);
    const next = await server.call('POST', '/tasks/create/', milk, access);
    await server.kill();
    expect(ended.status).to.equal(401);
    expect(restored.text).to.equal(tasks.text);
    expect(next.json()).to.have.property('id', 4);
  });

  it('is the same twice as once', async () => {
    const storage = newStorage();
    const large = exportLines(50, 20);
    await importInto(storage, large);
    expect(await exported(storage)).to.equal(large);
    expect(await importInto(storage, large)).to.include({
      code: 0,
      stdout: '0 users and 0 tasks imported. 50 users were there already and are left as they are.\n',
    });
    expect(await exported(storage)).to.equal(large);
  });

  it('moves who is staff, says so of nobody else, and promotes nobody who is there already', async () => {
    const storage = newStorage();
    const text = withStaff(1, 3);
    await importInto(storage, text);
    expect(await exported(storage)).to.equal(text);
    for (const words of ['demote user.1', 'promote user.2']) {
      await run(['user', ...words.split(' ')], { environment: storage });
    }
    expect((await importInto(storage, text)).code).to.equal(0);
    expect(await exported(storage)).to.equal(withStaff(2, 3));
  });

  it('may bring a name that turns the direction of the text, which no command prints as it is', async () => {
    const storage = newStorage();
    await importInto(storage, exportLines(1, 0).replace('user.1', 'user\u202e1'));
    const name = String.raw`user\u202e1`;
    for (const words of [['list'], ['show', 'user\u202e1']]) {
      expect((await run(['user', ...words], { environment: storage })).stdout).to.include(name);
    }
  });

  it('makes nobody staff who is inactive', async () => {
    const storage = newStorage();
    const text = withStaff(1).replace('"active":true', '"active":false');
    expect((await importInto(storage, text)).code).to.equal(0);
    expect(await exported(storage)).to.equal(text.replace(',"staff":true', ''));
  });

  it('gives the right to nobody by a field of another name', async () => {
    const storage = newStorage();
    await importInto(storage, withStaff(1).replace('"staff":true', '"isStaff":true'));
    expect(await exported(storage)).to.equal(small);
  });

  it('makes staff of a user whose import was cut off, when it is run again', async () => {
    const storage = newStorage();
    const text = withStaff(2);
    const ending = await importInto(storage, text.split('\n').slice(0, 9).join('\n'));
    expectRejection(ending, 65, /^The export is incomplete/);
    expect((await importInto(storage, text)).code).to.equal(0);
    expect(await exported(storage)).to.equal(text);
  });

  it('moves tasks that are too long for one step', async () => {
    const storage = newStorage();
    const [header = '', ...users] = exportLines(1, 5).split('\n');
    const long = users.map((line) => line.replace('long ', 'long '.repeat(150_000)));
    const text = [header, ...long].join('\n');
    expect(text.length).to.be.above(3_000_000);
    await importInto(storage, text);
    expect((await exported(storage)) === text).to.equal(true);
  });

  it('moves users from Redis to a storage of one’s own', async () => {
    const own = join(directory, 'storage.mjs');
    writeFileSync(
      own,
      `import { createStorage as create } from '${moduleUrl('adapters/in-memory/create-storage.js')}';
       import { ExportData } from '${moduleUrl('application/export-data.js')}';
       import { writeFileSync } from 'node:fs';
       export async function createStorage(options) {
         const storage = await create(options);
         const close = async () => {
           let text = '';
           for await (const record of new ExportData(storage.users, storage.archive, storage.staff).execute()) {
             text += JSON.stringify(record) + '\\n';
           }
           writeFileSync('${join(directory, 'kept')}', text);
         };
         return { ...storage, close };
       }`,
    );
    const storage = newStorage();
    await importInto(storage, small);
    expect((await importInto({ STORAGE: own }, await exported(storage))).code).to.equal(0);
    expect(readFileSync(join(directory, 'kept'), 'utf8')).to.equal(small);
  });

  describe('--output', () => {
    it('writes a file that only its owner may read, in place of the old one', async () => {
      const storage = newStorage();
      await importInto(storage, small);
      const output = join(directory, 'backup.jsonl');
      writeFileSync(output, 'an older one', { mode: 0o644 });
      expect(await run(['export', '--output', output], { environment: storage })).to.include({
        code: 0,
        stdout: '',
        stderr: '',
      });
      expect(readFileSync(output, 'utf8')).to.equal(small);
      expect(statSync(output).mode & 0o777).to.equal(0o600);
    });

    it('keeps the old file if the export fails', async () => {
      const output = join(directory, 'kept.jsonl');
      writeFileSync(output, 'an older one');
      const environment = { ...newStorage(), REDIS_URL: 'redis://127.0.0.1:1' };
      expectRejection(await run(['export', '--output', output], { environment }), 69, /does not answer/);
      expect(readFileSync(output, 'utf8')).to.equal('an older one');
      expect(readdirSync(directory).filter((name) => name.endsWith('.part'))).to.deep.equal([]);
    });

    it('names a file that cannot be written', async () => {
      const words = ['export', '--output', join(directory, 'missing', 'backup')];
      expectRejection(
        await run(words, { environment: newStorage() }),
        74,
        /missing.*cannot be written \(ENOENT\)/,
      );
    });
  });

  it('is restricted to its owner in a file that the shell has made', async () => {
    const file = join(directory, 'by-shell.jsonl');
    const command = `umask 022; "${process.execPath}" "${program}" export >"${file}"`;
    await runCommand(['bash', '--norc', '-c', command], { environment: newStorage() });
    expect(statSync(file).mode & 0o777).to.equal(0o600);
  });

  it('exits with 74 when the reader of an export leaves before its end', async () => {
    const storage = newStorage();
    await importInto(storage, exportLines(50, 100));
    const pipeline = `"${process.execPath}" "${program}" export | true; exit \${PIPESTATUS[0]}`;
    const ending = await runCommand(['bash', '--norc', '-c', pipeline], { environment: storage });
    expect(ending.code).to.equal(74);
    expect(ending.stderr).to.match(/^hexado: The export is incomplete\.$/m);
  });

  const inTerminal = process.platform === 'linux' ? it : it.skip;

  inTerminal('does not go to a terminal', async () => {
    const shell = `"${process.execPath}" "${program}" export`;
    const ending = await runCommand(['script', '-qec', shell, '/dev/null'], { environment: newStorage() });
    expect(ending.code).to.equal(64);
    expect(ending.stdout).to.match(/not for a terminal: use --output FILE/);
  });

  inTerminal('draws a bar on a terminal', async () => {
    const file = join(directory, 'with-bar.jsonl');
    const storage = newStorage();
    const hexado = `"${process.execPath}" "${program}"`;
    writeFileSync(file, small);
    for (const [shell, expected] of [
      [`${hexado} import <"${file}"`, /\[#*\.*\] \d+ % \d users/],
      [`${hexado} export >"${file}"`, /\[#*\.*\] \d+ % user\.1/],
    ] as const) {
      const ending = await runCommand(['script', '-qec', shell, '/dev/null'], { environment: storage });
      expect(ending.code).to.equal(0);
      expect(ending.stdout).to.match(expected);
    }
    expect(readFileSync(file, 'utf8')).to.equal(small);
  });

  for (const word of ['export', 'import']) {
    it(`explains why hexado ${word} cannot use the storage in memory`, async () => {
      expectRejection(await run([word], { input: small }), 78, /^STORAGE=memory: .* out of reach from here/);
    });
  }

  describe('with a bad line', () => {
    it('ends, names the line and keeps the users before it, and goes on when the line is mended', async () => {
      const storage = newStorage();
      const ending = await importInto(storage, withLine(9, '{"kind":"task","userId":4,"id":"x"}'));
      expectRejection(ending, 65, /^Line 9 has a wrong id, title, description, status\. The users before/);
      expect(await exported(storage)).to.include('"users":1,"tasks":4}');
      expect((await importInto(storage, small)).code).to.equal(0);
      expect(await exported(storage)).to.equal(small);
    });

    it('leaves it out with --skip-bad', async () => {
      const storage = newStorage();
      const ending = await importInto(storage, withLine(9, 'no JSON'), '--skip-bad');
      expect(ending).to.include({
        code: 0,
        stdout: '3 users and 11 tasks imported. 1 lines skipped.\n',
        stderr: 'hexado: Line 9 is not a line of an export. It is skipped.\n',
      });
    });

    it('leaves out the tasks of a user whose line is bad, and gives them to nobody else', async () => {
      const storage = newStorage();
      const ending = await importInto(storage, withLine(7, '{}'), '--skip-bad');
      expect(ending.stdout).to.equal('2 users and 8 tasks imported. 5 lines skipped.\n');
      const expected = lines.filter((line) => !/"(?:user\.2|userId":4)/.test(line)).join('\n');
      expect(await exported(storage)).to.equal(
        expected.replace('"users":3,"tasks":12', '"users":2,"tasks":8'),
      );
    });

    it('notices lines that are missing', async () => {
      const ending = await importInto(newStorage(), lines.toSpliced(8, 1).join('\n'));
      expectRejection(ending, 65, /^Line 16 says that there should be more lines or fewer\./);
    });

    it('notices a file that was cut off, and imports nothing of its last user', async () => {
      const storage = newStorage();
      const ending = await importInto(storage, lines.slice(0, 14).join('\n'));
      expectRejection(ending, 65, /^The export is incomplete: it has no last line\./);
      expect(await exported(storage)).to.include('"users":2,"tasks":8}');
    });

    it('imports nothing of what is no export', async () => {
      const storage = newStorage();
      for (const text of [
        '{"kind":"user"}\n',
        'PK\u0003\u0004',
        withLine(1, '{"kind":"hexado-export","version":9}'),
      ]) {
        expectRejection(
          await importInto(storage, text, '--skip-bad'),
          65,
          /^Line 1 .* Nothing is imported\.$/,
        );
      }
      expectRejection(await importInto(storage, ''), 65, /incomplete/);
    });

    it('rejects bytes that are no UTF-8', async () => {
      const file = join(directory, 'latin1.jsonl');
      writeFileSync(file, Buffer.from(small.replace('user.2', 'usér'), 'latin1'));
      const command = `"${process.execPath}" "${program}" import <"${file}"`;
      const ending = await runCommand(['bash', '--norc', '-c', command], { environment: newStorage() });
      expectRejection(ending, 65, /^Line \d+ is not a line of an export/);
    });
  });

  it('ends at a user whose name another account has, and writes nothing of them', async () => {
    const storage = newStorage();
    const environment = { ...storage, BCRYPT_COST: '4' };
    await run(['user', 'create', 'user.2'], { environment, input: 'Xk9-fence-Orbit' });
    const ending = await importInto(storage, small);
    expectRejection(
      ending,
      65,
      /^Another account has the id 4 or the name user\.2\. The users before this one/,
    );
    const after = await exported(storage);
    expect(after).to.include('"users":2,"tasks":4}').and.not.include('"userId":4');
  });
});

function moduleUrl(file: string): string {
  return new URL(`../../src/${file}`, import.meta.url).href;
}

/** The small export, in which these users are staff. */
function withStaff(...users: number[]): string {
  return exportLines(3, 4, (user) => users.includes(user));
}
