import * as crypto from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { expectRejection } from '../support/expect-rejection.js';
import { RedisServer } from '../support/redis-server.js';
import { signingKey } from '../support/running-server.js';
import { run, ServerProcess, type Ending } from '../support/server-process.js';
import { stopAfterEach } from '../support/stop-after-each.js';

const dump = 'test/django/dump.json';

const importInto = (environment: Readonly<Record<string, string>>, ...words: string[]): Promise<Ending> =>
  run(['import', '--from-django', ...words], { environment });

describe('hexado import --from-django', () => {
  const stopped = stopAfterEach();
  let directory: string;
  let redis: RedisServer;
  let prefixes = 0;
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'hexado-django-'));
    redis = await RedisServer.start();
  });
  after(async () => {
    await redis.stop();
    rmSync(directory, { recursive: true });
  });

  const newStorage = (): Readonly<Record<string, string>> => ({
    STORAGE: 'redis',
    REDIS_URL: redis.url,
    REDIS_KEY_PREFIX: `django${++prefixes}:`,
  });
  /** Writes a file; returns its path. */
  function fileOf(text: string): string {
    const file = join(directory, 'dump.json');
    writeFileSync(file, text);
    return file;
  }

  it('moves the users of a real Django, whose passwords become ours when they first sign in', async () => {
    const storage = newStorage();
    const { code, stdout } = await importInto(storage, dump, '--owner', 'boss');
    expect(code).to.equal(0);
    expect(stdout).to.match(/^11 users and 22 tasks imported\.$/m);
    expect(stdout).to.match(/^1 users have a password by md5, which cannot be verified here: md5\. .*reset/m);
    expect(stdout).to.match(/^Staff: boss, fiona\.\nSuperusers: boss\.$/m);

    const server = await ServerProcess.start({ ...storage, SIGNING_KEY: signingKey, BCRYPT_COST: '4' });
    stopped({ stop: () => server.kill() });
    const signIn = (username: string) =>
      server.call('POST', '/api/token/', { username, password: `Xk9-fence-${username}` });
    const signedIn = ['pbkdf2_sha256', 'pbkdf2_sha1', 'scrypt', 'bcrypt_sha256', 'bcrypt', 'boss', 'ﬁona'];
    if ('argon2Sync' in crypto) signedIn.push('argon2');
    for (let time = 1; time <= 2; time++) {
      for (const name of signedIn) expect((await signIn(name)).status, name).to.equal(200);
    }
    for (const name of ['md5', 'nopassword', 'inactive']) {
      expect((await signIn(name)).status, name).to.equal(401);
    }
    const { access } = (await signIn('pbkdf2_sha1')).json() as { readonly access: string };
    const tasks = (await server.call('GET', '/tasks/', undefined, access)).json();
    expect(tasks).to.have.length(6).and.to.have.deep.property('0', {
      id: 2,
      title: 'Task 1 ü€😀',
      description: 'two\nlines\u2028 and "quotes"',
      status: 'in-progress',
    });
    const exported = (await run(['export'], { environment: storage })).stdout;
    expect(exported.match(/"passwordHash":"bcrypt-sha256\$\$2b\$04/g)).to.have.length(signedIn.length);
  });

  it('is the same twice as once', async () => {
    const storage = newStorage();
    await importInto(storage, dump, '--owner', 'boss');
    const { stdout: once } = await run(['export'], { environment: storage });
    const { code, stdout } = await importInto(storage, dump, '--owner', 'boss');
    expect(code).to.equal(0);
    expect(stdout).to.match(/^0 users and 0 tasks imported\.\n11 users were there already/);
    expect((await run(['export'], { environment: storage })).stdout).to.equal(once);
  });

  it('makes active staff and superusers staff with --staff, and names who is not', async () => {
    const storage = newStorage();
    const text = readFileSync(dump, 'utf8');
    const records = JSON.parse(text) as { readonly pk: number; readonly fields: object }[];
    for (const { pk, fields } of records) if (pk === 9) Object.assign(fields, { is_staff: true });
    const words = [fileOf(JSON.stringify(records)), '--owner', 'boss', '--staff'];
    const first = await importInto(storage, ...words);
    expect(first.code).to.equal(0);
    expect(first.events.at(-1)).to.include({ event: 'operator_act', act: 'import --staff' });
    expect(first.stdout)
      .to.match(
        /^Staff here: boss, fiona\.\nStaff in Django, but not here, since they are inactive: inactive\.$/m,
      )
      .and.not.match(/^Superusers/m);
    const list = async () => (await run(['user', 'list'], { environment: storage })).stdout;
    const marked = await list();
    expect(marked.match(/^\d+\t\w+(?=\t.*\tstaff$)/gm)).to.deep.equal(['10\tboss', '11\tfiona']);
    const { stdout } = await importInto(storage, ...words);
    expect(stdout).to.match(/^Staff in Django, and left as they are here: inactive, boss, fiona\.$/m);
    expect(await list()).to.equal(marked);
  });

  it('takes JSON lines as well as an array', async () => {
    const records = JSON.parse(readFileSync(dump, 'utf8')) as unknown[];
    const lines = records.map((record) => `${JSON.stringify(record)}\n`).join('');
    const [one, other] = [newStorage(), newStorage()];
    expect((await importInto(one, fileOf(lines), '--owner', 'boss')).code).to.equal(0);
    await importInto(other, dump, '--owner', 'boss');
    const exports = await Promise.all([one, other].map((environment) => run(['export'], { environment })));
    expect(exports[0]?.stdout).to.equal(exports[1]?.stdout);
  });

  it('writes nothing unless everything can be imported, and says all that is wrong', async () => {
    const storage = newStorage();
    const text = readFileSync(dump, 'utf8')
      .replace('"nopassword"', '"BOSS@#"')
      .replace('260000$', '99999999$');
    const { code, stdout, stderr } = await importInto(storage, fileOf(text));
    expect({ code, stdout }).to.deep.equal({ code: 65, stdout: '' });
    expect(stderr.split('\n')).to.deep.equal([
      'hexado: Nothing is imported:',
      'auth.user 1 has a password hash that takes too much time or memory to compare.',
      'auth.user 8 has a username that Hexado cannot store.',
      '3 tasks have no owner: name the user who gets them with --owner NAME.',
      '',
    ]);
    const incomplete =
      /^.* is not what manage\.py dumpdata prints, or it is incomplete\. Nothing is imported\.$/;
    for (const broken of [text.slice(0, -20), `${text}]`, 'nonsense', '']) {
      expectRejection(await importInto(storage, fileOf(broken)), 65, incomplete);
    }
    expect((await run(['user', 'list'], { environment: storage })).stdout).to.equal('');
  });

  it('rejects what is no file, and options that do not belong together', async () => {
    const storage = newStorage();
    expectRejection(
      await importInto(storage, join(directory, 'missing')),
      65,
      /missing cannot be read \(ENOENT\)\.$/,
    );
    expectRejection(await importInto(storage, '/dev/null'), 65, /is no file\. It is read twice/);
    expectRejection(
      await importInto(storage, dump, '--skip-bad'),
      64,
      /^--skip-bad is for exports of Hexado/,
    );
    const alone = await run(['import', '--owner', 'boss'], { environment: storage });
    expectRejection(alone, 64, /^--owner is for a dump of Django/);
    const withStaff = await run(['import', '--staff'], { environment: storage });
    expectRejection(withStaff, 64, /^--staff is for a dump of Django/);
  });
});
