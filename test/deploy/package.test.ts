import { lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { sendSignal } from '../support/send-signal.js';
import { runCommand, ServerProcess } from '../support/server-process.js';

describe('the package in an empty folder, with production dependencies only', () => {
  let directory: string;
  let server: ServerProcess | undefined;

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'hexado-package-'));
    writeFileSync(join(directory, 'package.json'), '{}');
    // Without its scripts: the build would take away what is being tested. deploy/Dockerfile packs with them.
    const packed = await runCommand(['npm', 'pack', '--ignore-scripts', '--pack-destination', directory]);
    const tarball = readdirSync(directory).find((file) => file.endsWith('.tgz'));
    const install = ['npm', 'install', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund'];
    const installed = await runCommand([...install, `./${tarball}`], { directory });
    expect([packed.code, installed.code], installed.stderr).to.deep.equal([0, 0]);
  });
  // npm passes no SIGKILL on, and npx no signal at all.
  afterEach(async () => {
    const listening = server?.log.find(({ msg }) => msg === 'listening');
    if (listening) sendSignal(Number(listening['pid']), 'SIGKILL');
    await server?.ending;
    server = undefined;
  });
  after(() => rmSync(directory, { recursive: true }));

  /** Resolves once a graceful shutdown is over. */
  const stop = async (running: ServerProcess) => {
    server = undefined;
    running.signal('SIGTERM');
    await running.logged(({ msg }) => msg === 'stopped');
    expect((await running.ending).code).to.equal(0);
  };

  const command = () => join(directory, 'node_modules/.bin/hexado');

  async function runContract(words: readonly string[], test: string) {
    writeFileSync(join(directory, 'my-storage.test.mjs'), test);
    const { code, stdout, stderr } = await runCommand([...words, 'my-storage.test.mjs'], { directory });
    return { code, output: stdout + stderr };
  }

  it('takes less than 30 MB', () => {
    const files = readdirSync(join(directory, 'node_modules'), { recursive: true, encoding: 'utf8' });
    const sizes = files.map((file) => lstatSync(join(directory, 'node_modules', file)).size);
    expect(sizes.reduce((sum, size) => sum + size, 0)).to.be.within(1_000_000, 30_000_000);
  });

  it('prints hexado --help', async () => {
    const { code, stdout, stderr } = await runCommand([command(), '--help']);
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    expect(stdout).to.match(/^Usage: hexado COMMAND$/m);
  });

  it('serves in memory by npx hexado, the page included', async () => {
    server = await ServerProcess.start({}, { command: ['npx', '--offline', 'hexado'], directory });
    await server.registerAndSignIn();
    const page = await server.send({ method: 'GET', path: '/', headers: { Accept: 'text/html' } });
    expect(page.status).to.equal(200);
    expect(page.text).to.match(/^<!doctype html>/i);
  });

  it('serves by npm start, which has nothing to build with, and stops at a signal to npm', async () => {
    const installed = join(directory, 'node_modules/hexado');
    server = await ServerProcess.start({}, { command: ['npm', 'start'], directory: installed });
    expect((await server.call('GET', '/livez')).status).to.equal(200);
    await stop(server);
  });

  it('can be embedded by its name', async () => {
    const code = `import { createApp, createServer } from 'hexado';
      const { close } = await createApp({ log: console });
      await close();
      const server = await createServer({ log: console });
      const port = await server.listen(0, '127.0.0.1');
      console.log(await (await fetch('http://127.0.0.1:' + port + '/livez')).text());
      await server.close();`;
    const ending = await runCommand([process.execPath, '--input-type=module', '-e', code], { directory });
    expect(ending).to.include({ code: 0, stderr: '' });
    expect(ending.stdout).to.contain('{"status":"live"}');
  });

  describe('for the author of a storage', () => {
    before(async () => {
      const packages = [
        'mocha@12.0.3',
        'vitest@4.1.12',
        'typescript@7.0.2',
        '@types/node@20.19.43',
        '@types/koa@3.0.3',
      ];
      const install = ['npm', 'install', '--ignore-scripts', '--no-audit', '--no-fund', ...packages];
      const { code, stderr } = await runCommand(install, { directory });
      expect(code, stderr).to.equal(0);
      writeFileSync(join(directory, 'my-storage.mjs'), myStorage);
    });

    for (const [runner, itsFunctions, words] of [
      ['node:test', "import { describe, it } from 'node:test';", ['node', '--test']],
      ['mocha', '', ['npx', '--offline', 'mocha']],
      [
        'vitest',
        "import { describe, it } from 'vitest';",
        ['npx', '--offline', 'vitest', 'run', '--reporter', 'verbose'],
      ],
    ] as const) {
      it(`runs the contract with ${runner}, and lists what is skipped with the reason`, async () => {
        const broken = await runContract(words, contractTest(itsFunctions));
        expect(broken.code, broken.output).not.to.equal(0);
        expect(broken.output).to.match(/inspects itself, if it can, and finds no problem/);
        const skip = "skip: { 'inspects itself, if it can, and finds no problem': 'on purpose' },";
        const skipping = await runContract(words, contractTest(itsFunctions, skip));
        expect(skipping.code, skipping.output).to.equal(0);
        expect(skipping.output).to.match(/finds no problem \(skipped: on purpose\)/);
      });
    }

    it('has types for all of it, and gives no others', async () => {
      writeFileSync(join(directory, 'embedding.mts'), typescript);
      const check = [
        'npx',
        '--offline',
        'tsc',
        '--noEmit',
        '--strict',
        '--module',
        'nodenext',
        '--types',
        'node',
        'embedding.mts',
      ];
      const { code, stdout } = await runCommand(check, { directory });
      expect({ code, stdout }).to.deep.equal({ code: 0, stdout: '' });
    });
  });

  it('runs with the shell and the programs of BusyBox, as on Alpine', async () => {
    const applets = join(directory, 'busybox');
    mkdirSync(applets);
    const { stdout: list } = await runCommand(['busybox', '--list']);
    const { stdout: busybox } = await runCommand(['sh', '-c', 'command -v busybox']);
    for (const name of list.trim().split('\n')) symlinkSync(busybox.trim(), join(applets, name));
    symlinkSync(process.execPath, join(applets, 'node'));
    const environment = { PATH: applets };
    const ending = await runCommand([join(applets, 'sh'), command(), '--version'], { environment });
    expect(ending).to.include({ code: 0, stderr: '' });
    expect(ending.stdout).to.match(/^\d+\.\d+\.\d+\n$/);
  });

  it('gives node the flag for a large young generation, and leaves no shell behind', async () => {
    server = await ServerProcess.start({}, { command: [command()] });
    const { pid } = await server.logged(({ msg }) => msg === 'listening');
    const { stdout } = await runCommand(['ps', '-o', 'args=', '-p', String(pid)]);
    expect(stdout).to.match(/^node --max-semi-space-size=32 /);
    await stop(server);
  });
});

/** A storage that breaks one promise. */
const myStorage = `
import { createStorage as create } from './node_modules/hexado/dist/src/adapters/in-memory/create-storage.js';
export async function createStorage(options) {
  const storage = await create(options);
  return { ...storage, inspect: async () => [{ level: 'problem', about: 'disk', message: 'It is full.' }] };
}`;

const contractTest = (itsFunctions: string, options = '') => `
${itsFunctions}
import { storageContract } from 'hexado/storage/contract';
import { createStorage } from './my-storage.mjs';
describe('my storage', () => storageContract(createStorage, { test: { describe, it }, ${options} }));`;

const typescript = `
import { createApp, createServer } from 'hexado';
import { refuse, rotate, isUnexpired, countAttempt, nextRevision, StorageUnavailable } from 'hexado/storage';
import type { CreateStorage, RateLimiter, Session, StorageOptions, Task } from 'hexado/storage';
import { storageContract, type ContractOptions } from 'hexado/storage/contract';

const { app } = await createApp({ log: console });
app.use(async (ctx, next) => { ctx.set('X-Task', '1'); await next(); });
const port: number = await (await createServer({ log: console })).listen(0, '127.0.0.1');

class MyRateLimiter implements Pick<RateLimiter, 'consume'> {
  async consume(key: string, limit: { attempts: number; period: number }): Promise<number> {
    const attempt = countAttempt(undefined, limit, port);
    return 'wait' in attempt ? attempt.wait : 0;
  }
}
const createStorage: CreateStorage = async ({ clock }: StorageOptions) => {
  if (clock() < 0) refuse('token_revoked');
  throw new StorageUnavailable('ECONNREFUSED', { cause: new MyRateLimiter() });
};
// @ts-expect-error: no such refusal
const refused = () => refuse('no_such_refusal');
const title = (task: Task, session: Session): string =>
  isUnexpired(session, nextRevision(0, 1)) ? task.title : rotate.name;
const options: ContractOptions = { skip: { [title.name]: refused.name } };
if (port < 0) storageContract(createStorage, options);
`;
