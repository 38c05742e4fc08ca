import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { variables } from '../../src/config/variables.js';
import { buildImage } from '../support/image.js';
import { sendSignal } from '../support/send-signal.js';
import { runCommand, ServerProcess } from '../support/server-process.js';

describe('the image of deploy/Dockerfile, each command run in a clean directory', function () {
  this.timeout(600_000); // It installs everything, builds, and installs again.
  let directory: string;
  let image: Awaited<ReturnType<typeof buildImage>>;

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'hexado-image-'));
    chmodSync(directory, 0o755); // The server runs as another user.
    const context = join(directory, 'context');
    const { stdout } = await runCommand(['git', 'ls-files', '--cached', '--others', '--exclude-standard']);
    for (const path of stdout.trim().split('\n')) if (existsSync(path)) cpSync(path, join(context, path));
    for (const path of secrets) {
      mkdirSync(dirname(join(context, path)), { recursive: true });
      writeFileSync(join(context, path), 'secret');
    }
    image = await buildImage(join(context, 'deploy/Dockerfile'), context, directory);
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  const secrets = [
    '.env',
    '.env.local',
    'keys.json',
    'keys.json.new',
    'deploy/secrets/redis-password',
    'tls.pem',
  ];
  const app = (path: string) => join(image.root, 'app', path);

  it('copies nothing into the build that is secret', () => {
    const build = join(directory, 'build/build');
    expect(existsSync(join(build, 'src/main.ts'))).to.equal(true);
    expect(secrets.filter((path) => existsSync(join(build, path)))).to.deep.equal([]);
  });

  it('holds the production dependencies, and neither sources nor tests nor what builds', () => {
    const paths = [
      'node_modules/koa',
      'bin/hexado',
      'dist/web/index.html',
      'node_modules/typescript',
      'src',
      'dist/test',
    ];
    expect(paths.map((path) => existsSync(app(path)))).to.deep.equal([true, true, true, false, false, false]);
  });

  it('has the newest Node with long-term support, which .nvmrc names too', () => {
    expect(image.base).to.match(new RegExp(`^node:${readFileSync('.nvmrc', 'utf8').trim()}-`));
  });

  it('sets settings that exist', () => {
    const settings = Object.keys(image.environment).filter((name) => !['NODE_ENV', 'PATH'].includes(name));
    expect(Object.keys(variables)).to.include.members(settings);
  });

  // Where no namespace of processes may be made, there is neither another user nor a process 1 to be had.
  const mayBeProcess1 = spawnSync('unshare', ['--pid', '--fork', 'true']).status === 0;
  (mayBeProcess1 ? it : it.skip)(
    'serves without root, with node as process 1, which is healthy and stops at SIGTERM',
    async () => {
      const [user = '', group = ''] = image.user.split(':');
      expect([user, group]).to.not.include('0');
      const asUser = ['setpriv', `--reuid=${user}`, `--regid=${group}`, '--clear-groups'];
      const command = ['unshare', '--pid', '--fork', '--kill-child', ...asUser, ...image.entrypoint];
      const server = await ServerProcess.start(image.environment, { command, directory: app('.') });
      const { pid, host } = await server.logged(({ msg }) => msg === 'listening');
      expect({ pid, host }).to.deep.equal({ pid: 1, host: '0.0.0.0' });
      await server.registerAndSignIn();
      const check = (port: number) =>
        runCommand(image.healthcheck, { environment: { ...image.environment, PORT: String(port) } });
      expect(await check(server.port)).to.include({ code: 0, stderr: '' });

      const { stdout: outerPid } = await runCommand(['pgrep', '-P', String(server.pid)]);
      sendSignal(Number(outerPid), 'SIGTERM');
      await server.logged(({ msg }) => msg === 'stopped');
      expect((await server.ending).code).to.equal(0);
      expect((await check(server.port)).code).to.equal(1);
    },
  );
});
