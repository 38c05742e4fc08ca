import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { headerOf } from '../support/json-web-token.js';
import { expectRejection } from '../support/expect-rejection.js';
import { run, ServerProcess, type Ending } from '../support/server-process.js';

const text = 'U7hq-2nXw9zkT4vB6mYc8RfJ3sLdPgAe';
const old = { kid: '2026-01-31-0a1b2c3d', alg: 'HS256', key: `${text}1` };
const next = { kid: 'next', alg: 'HS256', key: `${text}2` };
const unnamed = { alg: 'HS256', key: text };
const hours = (number: number) => new Date(Date.now() - number * 3_600_000).toISOString();

describe('hexado keys', () => {
  let directory: string;
  let path: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'hexado-keys-'));
    path = join(directory, 'keys.json');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const write = (file: object): void => writeFileSync(path, JSON.stringify(file));
  const stored = () =>
    JSON.parse(readFileSync(path, 'utf8')) as {
      readonly keys: readonly object[];
      readonly retired?: Readonly<Record<string, string>>;
    };

  function keys(words: string, environment: Readonly<Record<string, string>> = {}): Promise<Ending> {
    const [verb = '', ...more] = words.split(' ');
    return run(['keys', verb, path, ...more], { environment });
  }

  it('lists the keys with what each is for, and not the keys themselves', async () => {
    const until = hours(1);
    write({ keys: [old, next, unnamed], retired: { next: until } });
    const { code, stdout } = await keys('list');
    expect(code).to.equal(0);
    expect(stdout.split('\n').map((line) => line.split('\t'))).to.deep.equal([
      [old.kid, 'HS256', '2026-01-31', 'signs'],
      ['next', 'HS256', '-', `verifies, signed until ${until}`],
      ['-', 'HS256', '-', 'verifies'],
      [''],
    ]);
    expect(stdout).not.to.include(text);
  });

  it('promotes a key, which signs after SIGHUP, and keeps what others may do with the file', async () => {
    write({ keys: [unnamed, next] });
    chmodSync(path, 0o640);
    const server = await ServerProcess.start({ BCRYPT_COST: '4', SIGNING_KEYS_FILE: path });
    try {
      const before = await server.registerAndSignIn();
      const { code, stdout } = await keys('promote next');
      expect({ code, stdout }).to.deep.equal({
        code: 0,
        stdout: 'The key next signs. Send SIGHUP to every server.\n',
      });
      expect(stored().keys).to.deep.equal([next, unnamed]);
      expect(Date.parse(stored().retired?.['-'] ?? '')).to.be.closeTo(Date.now(), 60_000);
      expect(statSync(path).mode & 0o777).to.equal(0o640);
      expect(readdirSync(directory)).to.deep.equal(['keys.json']);

      server.signal('SIGHUP');
      await server.logged(({ msg }) => msg === 'Signing keys reloaded');
      expect(headerOf((await server.registerAndSignIn()).access)).to.include('"kid":"next"');
      expect((await server.call('GET', '/tasks/', undefined, before.access)).status).to.equal(200);
    } finally {
      await server.kill();
    }
  });

  it('promotes the key that signs already without a change', async () => {
    write({ keys: [next, old], retired: { [old.kid]: hours(1) } });
    const before = stored();
    expect((await keys('promote next')).code).to.equal(0);
    expect(stored()).to.deep.equal(before);
  });

  it('removes a key, and says which one signs now', async () => {
    write({ keys: [next, old, unnamed], retired: { [old.kid]: hours(1) } });
    const { stdout } = await keys('remove next');
    expect(stdout).to.equal(`The key next is removed; ${old.kid} signs. Send SIGHUP to every server.\n`);
    expect(stored()).to.deep.equal({ keys: [old, unnamed] });
    expect((await keys('remove -')).code).to.equal(0);
    expectRejection(await keys(`remove ${old.kid}`), 1, /is the only key\. Add another one first\.$/);
    expect(stored()).to.deep.equal({ keys: [old] });
  });

  it('prunes the keys that were replaced longer ago than a refresh token lives', async () => {
    const retired = { [old.kid]: hours(26), '-': hours(24) };
    write({ keys: [next, old, unnamed], retired });
    const kept = await keys('prune', { REFRESH_TOKEN_LIFETIME: '2d' });
    expect(kept.stdout).to.match(/^No key was replaced before \S+; all stay\.\n$/);
    expect(stored().keys).to.deep.equal([next, old, unnamed]);

    const { stdout } = await keys('prune', { REFRESH_TOKEN_LIFETIME: '1d' });
    expect(stdout).to.equal(`Removed ${old.kid}. Send SIGHUP to every server.\n`);
    expect(stored()).to.deep.equal({ keys: [next, unnamed], retired: { '-': retired['-'] } });
  });

  it('prunes neither the key that signs nor one of which it does not know when it signed', async () => {
    write({ keys: [old, next, unnamed], retired: { [old.kid]: hours(1_000), next: 'yesterday' } });
    expect((await keys('prune')).code).to.equal(0);
    expect(stored().keys).to.deep.equal([old, next, unnamed]);
  });

  it('adds a key without forgetting when others were replaced', async () => {
    const retired = { [old.kid]: hours(1) };
    write({ keys: [next, old], retired });
    expect((await keys('new')).code).to.equal(0);
    expect(stored().keys).to.have.length(3);
    expect(stored().retired).to.deep.equal(retired);
  });

  for (const verb of ['promote', 'remove']) {
    it(`reports a key that is not there to ${verb}`, async () => {
      write({ keys: [next, unnamed] });
      expectRejection(await keys(`${verb} nxt`), 1, /^The file has no key nxt, but next, -\.$/);
      expect(readdirSync(directory)).to.deep.equal(['keys.json']);
    });
  }

  for (const words of ['list', 'promote next', 'remove next', 'prune']) {
    it(`reports a file that is none of keys to ${words}, and leaves it as it is`, async () => {
      writeFileSync(path, text);
      const ending = await keys(words);
      expectRejection(ending, 78, /keys\.json: expected \{"keys"/);
      expect(ending.stderr).not.to.include(text);
      expect(readFileSync(path, 'utf8')).to.equal(text);
      expect(readdirSync(directory)).to.deep.equal(['keys.json']);
    });
  }

  it('changes no file that another process is changing', async () => {
    write({ keys: [next, unnamed] });
    writeFileSync(`${path}.new`, '');
    expectRejection(await keys('promote -'), 78, /keys\.json\.new: the file cannot be written \(EEXIST\)/);
    expect(stored().keys).to.deep.equal([next, unnamed]);
  });
});
