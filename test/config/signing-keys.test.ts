import { createPublicKey, type JsonWebKey } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import jwt from 'jsonwebtoken';
import { expectResponse } from '../support/responses.js';
import { headerOf } from '../support/json-web-token.js';
import type { SignedIn } from '../support/running-server.js';
import { program, run, runCommand, ServerProcess, type Ending } from '../support/server-process.js';

interface Entry {
  readonly kid?: string;
  readonly alg: string;
  readonly key: string;
}

const key = 'U7hq-2nXw9zkT4vB6mYc8RfJ3sLdPgAe';
const first: Entry = { kid: 'first', alg: 'HS256', key: `${key}1` };
const second: Entry = { kid: 'second', alg: 'HS256', key: `${key}2` };
const unnamed: Entry = { alg: 'HS256', key };

describe('signing keys', () => {
  let directory: string;
  let path: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'hexado-keys-'));
    path = join(directory, 'keys.json');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const write = (...keys: readonly Entry[]): void => writeFileSync(path, JSON.stringify({ keys }));
  const entries = (): Entry[] => (JSON.parse(readFileSync(path, 'utf8')) as { keys: Entry[] }).keys;

  describe('in a file', () => {
    let server: ServerProcess;
    const start = async (environment: Readonly<Record<string, string>> = {}): Promise<void> => {
      server = await ServerProcess.start({ BCRYPT_COST: '4', SIGNING_KEYS_FILE: path, ...environment });
    };
    afterEach(() => server.kill());

    /** Sends SIGHUP, and resolves with the line in which the server says what has become of it. */
    async function reread() {
      const lines = () => server.log.filter(({ msg }) => /signing keys/i.test(msg));
      const before = lines().length;
      server.signal('SIGHUP');
      await server.logged(() => lines().length > before);
      return lines().at(-1);
    }

    async function statusOf({ access, refresh }: SignedIn): Promise<readonly number[]> {
      const responses = [
        await server.call('GET', '/tasks/', undefined, access),
        await server.call('POST', '/api/token/refresh/', { refresh }),
      ];
      return responses.map(({ status }) => status);
    }

    it('are reloaded at SIGHUP without rejecting a token', async () => {
      write(unnamed);
      await start();
      const users = [await server.registerAndSignIn()];
      expect(headerOf(users[0]?.access ?? '')).to.equal('{"alg":"HS256","typ":"JWT"}');

      for (const [keys, header] of [
        [[unnamed, first], '{"alg":"HS256","typ":"JWT"}'],
        [[first, unnamed], '{"alg":"HS256","typ":"JWT","kid":"first"}'],
        [[first, unnamed, second], '{"alg":"HS256","typ":"JWT","kid":"first"}'],
        [[second, first, unnamed], '{"alg":"HS256","typ":"JWT","kid":"second"}'],
      ] as const) {
        write(...keys);
        const line = await reread();
        expect(line).to.deep.include({ level: 30, keys: keys.map(({ kid }) => kid ?? null) });
        const user = await server.registerAndSignIn();
        users.push(user);
        expect([headerOf(user.access), headerOf(user.refresh)]).to.deep.equal([header, header]);
        for (const each of users) expect(await statusOf(each)).to.deep.equal([200, 200]);
      }
    });

    it('that are removed from the file invalidate their tokens, even those verified before', async () => {
      write(first);
      await start();
      const [before, twin] = [await server.registerAndSignIn(), await server.registerAndSignIn()];
      expect(await statusOf(before)).to.deep.equal([200, 200]);

      write(second);
      await reread();
      expect(await statusOf(before)).to.deep.equal([401, 401]);
      expect(await statusOf(twin)).to.deep.equal([401, 401]);
      expect(await statusOf(await server.registerAndSignIn())).to.deep.equal([200, 200]);

      write(second, first);
      await reread();
      expect(await statusOf(before)).to.deep.equal([200, 200]);
    });

    it('stay in use when the file has errors, which are logged without the keys', async () => {
      write(first);
      await start();
      const user = await server.registerAndSignIn();
      const wrong: readonly (readonly [content: string, complaint: RegExp])[] = [
        ['', /expected \{"keys"/],
        [`{"keys":[{"kid":"second","alg":"HS256","key":"${second.key}"`, /expected \{"keys"/],
        [JSON.stringify({ keys: [{ ...second, key: key.slice(1) }] }), /key 1 is shorter than 32 bytes/],
        [JSON.stringify({ keys: [second, { ...first, alg: 'none' }] }), /key 2 has an alg/],
      ];
      for (const [content, complaint] of wrong) {
        writeFileSync(path, content);
        const line = await reread();
        expect(line).to.include({ level: 50 });
        const problems = line?.['problems'];
        expect(problems).to.be.an('array').of.length(1);
        expect(String(problems)).to.match(complaint).and.include(`SIGNING_KEYS_FILE=${path}`);
        expect(await statusOf(user)).to.deep.equal([200, 200]);
      }
      rmSync(path);
      expect(await reread()).to.include({ level: 50 });
      expect(await statusOf(await server.registerAndSignIn())).to.deep.equal([200, 200]);

      write(second, first);
      expect(await reread()).to.include({ level: 30 });
      expect(server.stdout).not.to.include(key.slice(1));
    });

    it('are reloaded even while the server is still starting', async () => {
      write(first);
      const storage = join(directory, 'storage.mjs');
      const inMemory = new URL('../../src/adapters/in-memory/create-storage.js', import.meta.url).href;
      writeFileSync(
        storage,
        `import { once } from 'node:events';
        import { createStorage as create } from '${inMemory}';
        export async function createStorage(options) {
          const hangUp = once(process, 'SIGHUP');
          process.kill(process.pid, 'SIGHUP');
          await hangUp;
          return create(options);
        }`,
      );
      await start({ STORAGE: storage });
      await server.logged(({ msg }) => msg === 'Signing keys reloaded');
      await server.logged(({ msg }) => msg === 'listening');
    });

    it('of key pairs are published, so that anybody can verify their tokens', async () => {
      for (const algorithm of ['RS256', 'ES256']) await newKey(path, { ALGORITHM: algorithm });
      write(...entries(), first);
      await start();

      const response = await server.call('GET', '/.well-known/jwks.json');
      const { keys } = response.json() as { keys: (JsonWebKey & { kid: string; alg: string })[] };
      expect(keys.map(({ kid, alg }) => [kid, alg])).to.deep.equal(
        entries()
          .slice(0, 2)
          .map(({ kid, alg }) => [kid, alg]),
      );
      const { access } = await server.registerAndSignIn();
      const { kid } = JSON.parse(headerOf(access)) as { kid: string };
      const published = keys.find((each) => each.kid === kid);
      const publicKey = createPublicKey({ key: published ?? {}, format: 'jwk' });
      expect(jwt.verify(access, publicKey, { algorithms: ['RS256'] })).to.include({ token_type: 'access' });
    });
  });

  it('are published with a cache lifetime, and none for HS256', async () => {
    const server = await ServerProcess.start();
    const response = await server.call('GET', '/.well-known/jwks.json', undefined, 'garbage');
    expectResponse(response, 200, { keys: [] });
    expect(response.headers['cache-control']).to.equal('public, max-age=300');
    await server.kill();
  });

  for (const algorithm of ['RS256', 'ES256'] as const) {
    it(`are random in memory, for ALGORITHM=${algorithm}`, async () => {
      const server = await ServerProcess.start({ ALGORITHM: algorithm, BCRYPT_COST: '4' });
      const user = await server.registerAndSignIn();
      expect(headerOf(user.access)).to.equal(`{"alg":"${algorithm}","typ":"JWT"}`);
      expect((await server.call('GET', '/tasks/', undefined, user.access)).status).to.equal(200);
      const { keys } = (await server.call('GET', '/.well-known/jwks.json')).json() as { keys: JsonWebKey[] };
      const publicKey = createPublicKey({ key: keys[0] ?? {}, format: 'jwk' });
      expect(jwt.verify(user.access, publicKey, { algorithms: [algorithm] })).to.include({
        token_type: 'access',
      });
      await server.kill();
    });
  }

  describe('that hexado makes', () => {
    it('start a file that only its owner may read', async () => {
      const { code, stdout } = await newKey(path);
      expect(code).to.equal(0);
      expect(entries()).to.have.length(1);
      expect(stdout).to.include(entries()[0]?.kid).and.not.include(entries()[0]?.key);
      expect(statSync(path).mode & 0o777).to.equal(0o600);
      const server = await ServerProcess.start({ SIGNING_KEYS_FILE: path });
      await server.kill();
    });

    it('are added as the last of a file, whose other keys and readers stay the same', async () => {
      write(unnamed, first);
      chmodSync(path, 0o640);
      const link = join(directory, 'link.json');
      symlinkSync(path, link);
      const { code, stdout } = await newKey(link);
      expect(code).to.equal(0);
      expect(stdout).to.match(/the last of 3\. Send SIGHUP/);
      expect(entries().slice(0, 2)).to.deep.equal([unnamed, first]);
      expect(statSync(path).mode & 0o777).to.equal(0o640);
      expect(readdirSync(directory)).to.have.members(['keys.json', 'link.json']);
    });

    it('are added to a file that others may read, and they may not any more', async () => {
      write(first);
      chmodSync(path, 0o644);
      expect((await newKey(path)).code).to.equal(0);
      expect(statSync(path).mode & 0o777).to.equal(0o640);
    });

    it('are printed into a file that only its owner may read', async () => {
      const command = `umask 022; exec "${process.execPath}" "${program}" keys new >"${path}"`;
      expect((await runCommand(['sh', '-c', command])).code).to.equal(0);
      expect(entries()).to.have.length(1);
      expect(statSync(path).mode & 0o777).to.equal(0o600);
    });

    it('are printed as a file where none is named', async () => {
      const endings = [await run(['keys', 'new']), await run(['keys', 'new'])];
      const keys = endings.map(({ stdout }) => (JSON.parse(stdout) as { keys: Entry[] }).keys[0]);
      expect(keys[0]?.key).not.to.equal(keys[1]?.key);
      expect(keys[0]?.kid).not.to.equal(keys[1]?.kid);
      writeFileSync(path, endings[0]?.stdout ?? '');
      const server = await ServerProcess.start({ SIGNING_KEYS_FILE: path });
      await server.kill();
    });

    for (const [algorithm, pem] of [
      ['RS256', true],
      ['ES256', true],
      ['HS256', false],
    ] as const) {
      it(`are for ALGORITHM=${algorithm}`, async () => {
        const { stdout } = await run(['keys', 'new'], { environment: { ALGORITHM: algorithm } });
        const [entry] = (JSON.parse(stdout) as { keys: Entry[] }).keys;
        expect(entry?.alg).to.equal(algorithm);
        expect(entry?.key.startsWith('-----BEGIN PRIVATE KEY-----')).to.equal(pem);
      });
    }

    it('are not added to a file that is no key file, which stays unchanged', async () => {
      writeFileSync(path, key);
      const { code, stdout, stderr } = await newKey(path);
      expect({ code, stdout }).to.deep.equal({ code: 78, stdout: '' });
      expect(stderr)
        .to.match(/^hexado: .*keys\.json: expected \{"keys"/)
        .and.not.include(key);
      expect(readFileSync(path, 'utf8')).to.equal(key);
    });

    it('are not added while another process adds one', async () => {
      write(first);
      writeFileSync(`${path}.new`, '');
      const { code, stderr } = await newKey(path);
      expect(code).to.equal(78);
      expect(stderr).to.match(/^hexado: .*keys\.json\.new: the file cannot be written \(EEXIST\)/);
      expect(entries()).to.deep.equal([first]);
      expect(existsSync(`${path}.new`)).to.equal(true);
    });

    it('need an existing folder and a known algorithm', async () => {
      const nowhere = await newKey(join(directory, 'missing', 'keys.json'));
      expect(nowhere.code).to.equal(78);
      expect(nowhere.stderr).to.match(/keys\.json: the file cannot be written \(ENOENT\)/);
      const unknown = await newKey(path, { ALGORITHM: 'HS512' });
      expect(unknown.code).to.equal(78);
      expect(unknown.stderr).to.match(/^hexado: ALGORITHM=HS512: expected HS256, RS256, ES256/);
      expect(existsSync(path)).to.equal(false);
    });
  });
});

function newKey(path: string, environment: Readonly<Record<string, string>> = {}): Promise<Ending> {
  return run(['keys', 'new', path], { environment });
}
