import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { expectRejection } from '../support/expect-rejection.js';
import { command } from '../support/redis-command.js';
import { RedisServer } from '../support/redis-server.js';
import { signingKey } from '../support/running-server.js';
import { program, run, runCommand, ServerProcess } from '../support/server-process.js';
import { stopAfterEach } from '../support/stop-after-each.js';

describe('a file of settings', () => {
  const stopped = stopAfterEach();
  let directory: string;
  let file: string;
  let redis: RedisServer;
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'hexado-settings-'));
    file = join(directory, 'hexado.env');
    redis = await RedisServer.start();
  });
  after(async () => {
    await redis.stop();
    rmSync(directory, { recursive: true });
  });

  function write(settings: Readonly<Record<string, string>>): void {
    const lines = Object.entries(settings).map(([name, value]) => `${name}="${value}"\n`);
    writeFileSync(file, `# Settings\n${lines.join('')}`);
  }

  async function start(
    environment: Readonly<Record<string, string>>,
    ...words: string[]
  ): Promise<ServerProcess> {
    const server = await ServerProcess.start(environment, { command: [process.execPath, program, ...words] });
    stopped({ stop: () => server.kill() });
    return server;
  }

  const onRedis = (): Record<string, string> => ({
    STORAGE: 'redis',
    REDIS_URL: redis.url,
    SIGNING_KEY: signingKey,
    BCRYPT_COST: '10',
    HOST: '127.0.0.1',
  });

  it('is read by the server, and the environment wins over it', async () => {
    write({ SIGNING_KEY: signingKey, REGISTRATION: 'closed', LOG_LEVEL: 'silent', WEB: 'off' });
    const server = await start({ LOG_LEVEL: 'info', WEB: '' }, '--env-file', file);
    const credentials = { username: 'ann', password: 'Xk9-fence-Orbit' };
    expect((await server.call('POST', '/tasks/register/', credentials)).status).to.equal(403);
    expect((await server.call('GET', '/docs/')).status).to.equal(404);
    await server.printed('signed with your key');
  });

  it('that is missing is a wrong setting, not an option of Node’s', async () => {
    const { code, stderr } = await runCommand([
      'bin/hexado',
      'user',
      'list',
      '--env-file',
      join(directory, 'missing'),
    ]);
    expect(code).to.equal(78);
    expect(stderr).to.match(/^hexado: .*missing: the file of settings cannot be read \(ENOENT\)\.\n$/);
  });

  it('is read by every command, named by HEXADO_CONFIG or by --env-file', async () => {
    write(onRedis());
    for (const [words, environment] of [
      [['user', 'create', 'ann', '--env-file', file], {}],
      [['user', 'list', '--env-file', file], {}],
      [['user', 'list'], { HEXADO_CONFIG: file }],
      [['export', `--env-file=${file}`], { HEXADO_CONFIG: '/missing' }],
    ] as const) {
      const { code, stderr } = await run(words, { environment, input: 'Xk9-fence-Orbit\n' });
      expect({ words, code }).to.deep.equal({ words, code: 0 });
      expect(stderr).not.to.match(/^hexado: /m);
    }
  });

  it('may have comments, quotes, texts of several lines and blanks', async () => {
    writeFileSync(
      file,
      `# A comment = "with" a quote'
  # another one

export STORAGE=redis
REDIS_URL = "${redis.url}" # the first one
LOG_EVENTS='off'\r
\tREDIS_KEY_PREFIX="two
# lines:"
REGISTRATION=closed
`,
    );
    const { code, stderr } = await run(['user', 'create', 'bea', '--env-file', file], {
      input: 'Xk9-fence-Orbit\n',
    });
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    expect(await command(redis, 'EXISTS', 'two\n# lines:username:bea')).to.equal(1);
  });

  it('that is missing or that cannot be understood ends the start', async () => {
    expectRejection(
      await run([], { environment: { HEXADO_CONFIG: `${file}.missing` } }),
      78,
      /missing: .* cannot be read \(ENOENT\)/,
    );
    for (const wrong of ['no setting', 'PORT: 0', '=1', 'A B=1', '"PORT"=0']) {
      writeFileSync(file, `WEB=off\n${wrong}\nREGISTRATION=closed\n`);
      const ending = await run(['user', 'list', '--env-file', file]);
      expectRejection(ending, 78, /expected NAME=value on each line/);
    }
    write({ PORT: 'many', REGISTRATIONS: 'closed' });
    const { code, stderr } = await run([], { environment: { HEXADO_CONFIG: file } });
    expect(code).to.equal(78);
    expect(stderr)
      .to.match(/PORT=many/)
      .and.match(/REGISTRATIONS is not a setting/);
  });

  it('is read again as a whole at SIGUSR2, unless it has errors', async () => {
    write({ ...onRedis(), WORKERS: '2', REGISTRATION: 'closed' });
    const server = await start({}, '--env-file', file);
    const register = async (): Promise<number> => {
      const credentials = { username: `user.${Math.random()}`, password: 'Xk9-fence-Orbit' };
      return (await server.call('POST', '/tasks/register/', credentials)).status;
    };
    expect(await register()).to.equal(403);

    write({ ...onRedis(), WORKERS: '2', REGISTRATION: 'perhaps' });
    server.signal('SIGUSR2');
    const { problems } = await server.logged(({ msg }) =>
      msg.startsWith('Reading the settings again failed'),
    );
    expect(problems).to.deep.equal(['REGISTRATION=perhaps: expected open or closed.']);
    expect(await register()).to.equal(403);

    // Left out, it has its default again.
    write({ ...onRedis(), WORKERS: '2' });
    server.signal('SIGUSR2');
    await server.logged(({ msg }) => msg === 'All workers replaced');
    expect(await register()).to.equal(201);
  });

  it('of the URL of Redis keeps its password out of the environment', async () => {
    writeFileSync(file, `${redis.url}\n`);
    const environment = { STORAGE: 'redis', REDIS_URL_FILE: file };
    expect(await run(['user', 'list'], { environment })).to.include({ code: 0, stderr: '' });
    const both = { ...environment, REDIS_URL: redis.url };
    expectRejection(await run(['user', 'list'], { environment: both }), 78, /^REDIS_URL and REDIS_URL_FILE/);
  });
});
