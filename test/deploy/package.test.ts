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
    const program = `const { createHexado } = await import('hexado');
      const { close } = await createHexado({ log: console });
      await close();
      (await import('hexado/storage')).refuse;`;
    const ending = await runCommand([process.execPath, '--input-type=module', '-e', program], { directory });
    expect(ending).to.include({ code: 0, stderr: '' });
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
