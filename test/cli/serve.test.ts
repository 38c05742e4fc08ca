import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { expect } from 'chai';
import { RedisServer } from '../support/redis-server.js';
import { signingKey } from '../support/running-server.js';
import { expectResponse } from '../support/responses.js';
import { expectRejection } from '../support/expect-rejection.js';
import { program, run, runCommand, ServerProcess } from '../support/server-process.js';

const warning = 40;

/** The last that a server in memory prints of itself. */
const endOfGreeting = 'Two litres';

describe('the server at its start', () => {
  describe('with no configuration', () => {
    let server: ServerProcess;
    before(async () => {
      server = await ServerProcess.start();
      await server.printed(endOfGreeting);
    });
    after(() => server.kill());

    it('prints its URL, that the data is in memory, and that the key is random', () => {
      expect(server.stdout)
        .to.include(`Hexado is listening at http://127.0.0.1:${server.port}\n`)
        .and.match(/data is in memory and gone when the server stops/)
        .and.match(/signed with a random key/);
    });

    it('names the page first, for whoever is at the start', () => {
      const [first] = server.stdout.trimStart().split('\n');
      expect(first).to.equal(
        `Open http://127.0.0.1:${server.port}/ in a browser; the API's documentation is at http://127.0.0.1:${server.port}/docs/`,
      );
    });

    it('prints three curl commands that work as they are printed', async () => {
      const commands = server.stdout.split('\n').filter((line) => line.startsWith('  '));
      expect(commands).to.have.length(3);
      const { code, stdout } = await runCommand(['bash', '--norc', '-ec', commands.join('\n')]);
      expect(code).to.equal(0);
      expect(stdout).to.equal(
        '{"message":"User registered successfully"}' +
          '{"id":1,"title":"Buy milk","description":"Two litres","status":"pending"}',
      );
    });

    it('logs one JSON line without secrets for each request', async () => {
      const { username, password, access, refresh } = await server.registerAndSignIn();
      const headers = { Authorization: `Bearer ${access}`, 'X-Request-Id': 'my-request' };
      await server.send({ method: 'GET', path: '/tasks/42/?token=secret', headers });

      const line = await server.logged(({ requestId }) => requestId === 'my-request');
      expect(line).to.include({
        level: 30,
        msg: 'request',
        method: 'GET',
        route: '/tasks/:taskId',
        status: 404,
      });
      expect(line['userId']).to.be.a('number');
      expect(line['durationMs']).to.be.a('number');
      expect(line['time']).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      expect(server.log.filter(({ requestId }) => requestId === 'my-request')).to.have.length(1);
      for (const secret of [username, password, access, refresh, 'token=secret']) {
        expect(server.stdout).not.to.include(secret);
      }
    });
  });

  describe('with a key of its own', () => {
    let server: ServerProcess;
    before(async () => {
      server = await ServerProcess.start({ SIGNING_KEY: signingKey, BCRYPT_COST: '4' });
      await server.printed(endOfGreeting);
    });
    after(() => server.kill());

    it('prints that it has a signing key, and not the key', () => {
      expect(server.stdout)
        .to.match(/signed with your key/)
        .and.not.include(signingKey);
    });

    it('signs the tokens with its own key', async () => {
      const { access } = await server.registerAndSignIn();
      const [header, payload, signature] = access.split('.');
      const expected = createHmac('sha256', signingKey).update(`${header}.${payload}`).digest('base64url');
      expect(signature).to.equal(expected);
    });

    it('does not warn of cheap password hashes in memory, which are soon gone', () => {
      expect(server.log.filter(({ level }) => level >= warning)).to.deep.equal([]);
    });
  });

  it('with DEMO=on has a user whom everybody may be, and nobody may change', async () => {
    const server = await ServerProcess.start({ DEMO: 'on', BCRYPT_COST: '4' });
    try {
      await server.printed(endOfGreeting);
      const [, username, password] = /^Sign in as (\S+) with the password (\S+)$/m.exec(server.stdout) ?? [];
      const { access } = (await server.call('POST', '/api/token/', { username, password })).json() as {
        readonly access: string;
      };
      const tasks = (await server.call('GET', '/tasks/', undefined, access)).json();
      expect(tasks).to.have.length.greaterThan(2);
      const passwords = { old_password: password, new_password: 'Xk9-fence-Orbit' };
      for (const response of [
        await server.call('POST', '/api/password/change/', passwords, access),
        await server.call('DELETE', '/api/account/', { password }, access),
      ]) {
        expectResponse(response, 403, {
          detail: 'Everybody may use this account; its password cannot be changed, and it cannot be deleted.',
        });
      }
    } finally {
      await server.kill();
    }
  });

  it('without a page names none', async () => {
    const server = await ServerProcess.start({ WEB: 'off' });
    try {
      await server.printed(endOfGreeting);
      expect(server.stdout).not.to.match(/browser|\/docs\//);
    } finally {
      await server.kill();
    }
  });

  it('reports all problems of the configuration, one line each, without secrets', async () => {
    const environment = {
      PORT: '70000',
      STORAGE: 'redis',
      REDIS_URL: 'redis://ann:hunter22@a,b',
      SIGNING_KEY: 'hunter33',
      ACCESS_TOKEN_LIFETIME: '30',
      REFRESH_TOKEN_LIFETIME: '1w',
      SESSION_LIFETIME: 'long',
      ROTATE_REFRESH_TOKENS: 'yes',
      REFRESH_GRACE: '10',
      BCRYPT_COST: '3',
      BODY_LIMIT: '100',
      WORKERS: 'many',
      LOG_LEVEL: 'loud',
    };
    const ending = await run([], { environment });
    const lines = ending.stderr.trimEnd().split('\n');
    const names = lines.map((line) => /^hexado: ([A-Z_]+)\b/.exec(line)?.[1]);
    expect(['STORAGE', ...names]).to.have.members(Object.keys(environment));
    expect(ending.stderr).not.to.match(/hunter/);
    expect(ending).to.include({ code: 78, stdout: '' });
  });

  describe('shows no password of a URL', () => {
    const url = 'postgres://bob:hunter22@h/db';
    for (const [words, environment] of [
      [[], { STORAGE: url, SIGNING_KEY: signingKey }],
      [[], { STORAGE: `/${url}`, SIGNING_KEY: signingKey }],
      [[], { STORAGE: `./${url}?password=hunter22`, SIGNING_KEY: signingKey }],
      [[], { HOST: url }],
      [[], { SIGNING_KEY_FILE: url }],
      [[url], {}],
      [[`--url=${url}`], {}],
      [['user', 'list', url], {}],
      [['keys', 'new', url], {}],
    ] as const) {
      it(`given to it as ${JSON.stringify({ words, ...environment })}`, async () => {
        const { code, stdout, stderr } = await run(words, { environment });
        expect(code, stderr).to.be.oneOf([64, 69, 78]);
        expect(stderr).to.match(/^hexado: /);
        expect(stdout + stderr).not.to.include('hunter22');
      });
    }
  });

  it('logs a warning about a misspelt setting', async () => {
    const server = await ServerProcess.start({ REGISTRATIONS: 'closed' });
    const { level } = await server.logged(({ msg }) => msg.startsWith('REGISTRATIONS is not a setting.'));
    await server.kill();
    expect(level).to.equal(warning);
  });

  it('rejects a bad configuration for hexado user too', async () => {
    expectRejection(await run(['user', 'list'], { environment: { PORT: 'http' } }), 78, /^PORT=http: /);
  });

  it('reports that the port is in use', async () => {
    const other = createServer();
    other.listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const ending = await run([], { environment: { PORT: String(port) } });
    other.close();
    expectRejection(ending, 69, new RegExp(`^Port ${port} of 127\\.0\\.0\\.1 is in use: .*set PORT`));
  });

  for (const host of ['203.0.113.7', 'no host']) {
    it(`reports that it cannot listen on HOST=${host}`, async () => {
      expectRejection(await run([], { environment: { PORT: '0', HOST: host } }), 69, new RegExp(host));
    });
  }

  it('rejects an unknown command and points to --help', async () => {
    expectRejection(await run(['start']), 64, /start.*hexado --help/);
  });

  it('prints --help with any configuration', async () => {
    const ending = await run(['--help'], { environment: { PORT: 'bad' } });
    expect(ending).to.include({ code: 0, stderr: '' });
    expect(ending.stdout)
      .to.match(/^Usage: hexado COMMAND$/m)
      .and.match(/^ {2}user /m);
  });

  it('prints --version, which is in the first line of the log too', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    const server = await ServerProcess.start();
    await server.kill();
    expect(server.log[0]).to.include({ msg: 'listening', version });
    expect(await run(['--version'])).to.include({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  it('reports that its output is full, without the key that it could not print', async () => {
    for (const words of ['--help', '--version', 'keys new']) {
      const command = `exec "${process.execPath}" "${program}" ${words} >/dev/full`;
      const ending = await runCommand(['bash', '--norc', '-c', command]);
      expectRejection(ending, 74, /^Standard output cannot be written \(ENOSPC\)\.$/);
    }
  });

  it('exits with 0 when the reader of its output has left', async () => {
    const pipeline = `"${process.execPath}" "${program}" --help | true; exit \${PIPESTATUS[0]}`;
    expect(await runCommand(['bash', '--norc', '-c', pipeline])).to.include({ code: 0, stderr: '' });
  });

  describe('while Redis is unavailable', () => {
    let redis: RedisServer;
    let server: ServerProcess;
    before(async () => {
      redis = await RedisServer.start();
      await redis.kill();
      const environment = {
        STORAGE: 'redis',
        REDIS_URL: redis.url,
        SIGNING_KEY: signingKey,
        BCRYPT_COST: '4',
      };
      server = await ServerProcess.start(environment);
    });
    after(async () => {
      await server.kill();
      await redis.stop();
    });

    it('is live but not ready while Redis is unavailable', async () => {
      expect((await server.call('GET', '/livez')).status).to.equal(200);
      const ready = await server.call('GET', '/readyz');
      expect(ready.status).to.equal(503);
      expect(ready.json()).to.deep.equal({
        status: 'degraded',
        reasons: ['The storage does not answer (ECONNREFUSED). Is it running?'],
      });
    });

    it('responds with 503 to requests that need Redis', async () => {
      const credentials = { username: 'ann', password: 'Xk9-fence-Orbit' };
      const response = await server.call('POST', '/tasks/register/', credentials);
      expect(response.status).to.equal(503);
      expect(response.headers['retry-after']).to.equal('1');
      expect(response.json()).to.deep.equal({ detail: 'Service temporarily unavailable.' });
    });

    it('logs one line that Redis is unavailable', () => {
      const lines = server.log.filter(({ msg }) => /Redis is unavailable/.test(msg));
      expect(lines).to.have.length(1);
      expect(lines[0]).to.include({ level: warning, reason: 'ECONNREFUSED' });
      expect(lines[0]?.msg).to.match(/requests get 503 until it is back/);
    });

    it('does not print the welcome text of the storage in memory', () => {
      expect(server.stdout).not.to.match(/Hexado is listening/);
    });

    it('logs a warning about cheap password hashes', () => {
      expect(server.log.filter(({ msg }) => msg.startsWith('BCRYPT_COST=4 '))).to.have.length(1);
    });

    it('serves as soon as Redis is available', async () => {
      await redis.restart();
      await server.logged(({ msg }) => msg === 'Redis is available again.');
      expect((await server.call('GET', '/readyz')).json()).to.have.property('status', 'ready');
      expect(await server.registerAndSignIn()).to.include.keys('access', 'refresh');
    });
  });

  it('names REDIS_URL, and not its password, if Redis rejects the password', async () => {
    const redis = await RedisServer.start({ args: ['--requirepass', 'the right one'] });
    const url = redis.url.replace('//', '//:hunter22@');
    const server = await ServerProcess.start({ STORAGE: 'redis', REDIS_URL: url, SIGNING_KEY: signingKey });
    const { msg } = await server.logged(({ reason }) => reason === 'WRONGPASS');
    const ready = await server.call('GET', '/readyz');
    await server.kill();
    await redis.stop();
    expect(msg).to.match(/Check the credentials in REDIS_URL/);
    expect(ready.status).to.equal(503);
    const { stdout, stderr } = await server.ending;
    expect(stdout + stderr).not.to.include('hunter22');
  });
});
