import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { expect } from 'chai';
import { send, type WireResponse } from '../support/http-client.js';
import { Load } from '../support/load.js';
import { RawConnection } from '../support/raw-connection.js';
import { RedisServer } from '../support/redis-server.js';
import { repeatedly } from '../support/repeatedly.js';
import { signingKey, type SignedIn } from '../support/running-server.js';
import { run, ServerProcess } from '../support/server-process.js';
import { waitFor } from '../support/wait-for.js';
import { sendSignal } from '../support/send-signal.js';

describe('several workers behind one port', () => {
  let redis: RedisServer;
  let server: ServerProcess;
  let users: SignedIn[];

  before(async () => {
    redis = await RedisServer.start();
  });
  after(() => redis.stop());

  const environment = (): Record<string, string> => ({
    STORAGE: 'redis',
    REDIS_URL: redis.url,
    SIGNING_KEY: signingKey,
    BCRYPT_COST: '4',
    HOST: '127.0.0.1',
    WORKERS: '2',
  });

  /** The workers that have ever listened, in the order in which they did. */
  const workers = (): number[] =>
    server.log.filter(({ msg }) => msg === 'listening').map(({ pid }) => Number(pid));

  /** Resolves once so many workers have listened. */
  const listening = (count: number): Promise<unknown> => server.logged(() => workers().length >= count);

  /** Asks over a connection of its own, so that any worker may get it. */
  const get = (path: string, access?: string): Promise<WireResponse> => {
    const headers = access === undefined ? {} : { Authorization: `Bearer ${access}` };
    return send(server.port, { method: 'GET', path, headers }, new Agent());
  };

  describe('that run', () => {
    beforeEach(async () => {
      server = await ServerProcess.start(environment());
      await listening(2);
      users = await Promise.all(Array.from({ length: 8 }, () => server.registerAndSignIn()));
    });
    afterEach(() => server.kill());

    it('run with the flags of bin/hexado, although node was started without', () => {
      const [flags] = /(?<=exec node ).*(?= -- )/.exec(readFileSync('bin/hexado', 'utf8')) ?? [];
      const commands = workers().map((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0'));
      expect(commands.map((words) => words[1])).to.deep.equal([flags, flags]);
    });

    it('share sessions', async () => {
      const [user] = users as [SignedIn];
      const responses = await Promise.all(Array.from({ length: 10 }, () => get('/tasks/', user.access)));
      expect(new Set(responses.map(({ status }) => status))).to.deep.equal(new Set([200]));
      const used = (): Set<unknown> =>
        new Set(server.log.filter(({ route }) => route === '/tasks').map(({ pid }) => pid));
      await server.logged(() => used().size === 2);
    });

    it('are replaced when they exit', async () => {
      const [victim] = workers();
      sendSignal(victim, 'SIGKILL');
      await listening(3);
      const load = new Load(server, users);
      await load.next(users, 4);
      await load.stop();
      expect(load.outcomes(load.failures)).to.deep.equal({});
      expect(new Set(workers()).size).to.equal(3);
      expect(server.log.filter(({ worker }) => worker === victim)).to.have.length(1);
    });

    it('survive clients that reset their connections after CONNECT', async () => {
      for (let i = 0; i < 500; i++) {
        const connection = await RawConnection.open(server.port);
        connection.send('CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n');
        // Now and then a worker has read it before the reset comes.
        if (i % 4 === 0) await setImmediate();
        connection.abort();
      }
      for (let i = 0; i < 20; i++) expect((await get('/livez')).status).to.equal(200);
      expect(workers()).to.have.length(2);
    });

    for (const name of ['SIGTERM', 'SIGINT'] as const) {
      it(`finish requests under way at a graceful shutdown under load, by ${name}`, async () => {
        const load = new Load(server, users);
        await load.next(users, 4);
        server.signal(name);
        await load.until('connections are refused', () => load.failures.length > 0);
        await load.stop();
        const { code, signal, stderr } = await server.ending;
        expect({ code, signal, stderr }).to.deep.equal({ code: 0, signal: null, stderr: '' });
        expect(new Set(load.failures.map(({ outcome }) => outcome))).to.deep.equal(new Set(['ECONNREFUSED']));
      });
    }

    it('exit at once at a second signal, even with requests under way', async () => {
      const client = await RawConnection.open(server.port);
      client.sendRequest(['POST /api/token/ HTTP/1.1', 'Host: a', 'Content-Length: 2'], '{');
      server.signal('SIGTERM');
      await server.logged(({ msg }) => msg === 'stopping');
      // More than one, because those that follow the first closely are one with it.
      const repeatedSignal = setInterval(() => server.signal('SIGTERM'), 50);
      const { code } = await server.ending;
      clearInterval(repeatedSignal);
      expect(code).to.equal(1);
      await waitFor('no worker is left', () => !workers().some(isAlive));
    });

    it('are replaced one by one at SIGUSR2, under load, without a failed request', async () => {
      const load = new Load(server, users);
      await load.next(users, 4);
      const before = workers();
      server.signal('SIGUSR2');
      const replaced = server.logged(({ msg }) => msg === 'All workers replaced');
      const readiness = await repeatedly(() => get('/readyz'), replaced);
      await load.next(users, 4);
      await load.stop();

      expect(load.outcomes(load.failures)).to.deep.equal({});
      expect(new Set(readiness.map(({ status }) => status))).to.deep.equal(new Set([200]));
      const now = workers().slice(2);
      expect(new Set([...before, ...now]).size).to.equal(4);
      expect(before.filter(isAlive)).to.deep.equal([]);
      expect(now.filter(isAlive)).to.deep.equal(now);
    });

    it('finish requests under way at a graceful shutdown during a rolling restart', async () => {
      const load = new Load(server, users);
      await load.next(users, 4);
      server.signal('SIGUSR2');
      await server.logged(({ msg, signal }) => msg === 'stopping' && signal === 'SIGUSR2');
      server.signal('SIGTERM');
      await load.until('connections are refused', () => load.failures.length > 0);
      await load.stop();
      const { code, stderr } = await server.ending;
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
      expect(new Set(load.failures.map(({ outcome }) => outcome))).to.deep.equal(new Set(['ECONNREFUSED']));
      expect(server.log.filter(({ msg }) => msg === 'stopped')).to.have.length(3);
    });

    it('keep running at SIGHUP, which logs that there is no key file', async () => {
      server.signal('SIGHUP');
      await server.logged(({ msg }) => msg.startsWith('SIGHUP is ignored'));
      expect(workers().filter(isAlive)).to.have.length(2);
    });

    it('ignore SIGHUP and SIGUSR2 that are sent to a worker and not to the supervisor', async () => {
      for (const worker of workers()) sendSignal(worker, 'SIGHUP');
      const [retired] = workers();
      sendSignal(retired, 'SIGUSR2');
      await listening(3);
      expect(workers().filter(isAlive)).to.have.length(2);
    });

    it('keep their number if a new one exits while the old one stops', async () => {
      const before = workers();
      server.signal('SIGUSR2');
      await server.logged(({ msg, signal }) => msg === 'stopping' && signal === 'SIGUSR2');
      await listening(3);
      sendSignal(workers()[2], 'SIGKILL');
      await server.logged(({ msg }) => msg === 'All workers replaced');
      await waitFor('there are two new ones', () => workers().slice(2).filter(isAlive).length === 2);
      expect(before.filter(isAlive)).to.deep.equal([]);
    });

    it('are ready while Redis is available', async () => {
      expect((await get('/readyz')).status).to.equal(200);
      await redis.kill();
      await waitFor('no worker is ready', async () => (await get('/readyz')).status === 503);
      await redis.restart();
      await waitFor('a worker is ready', async () => (await get('/readyz')).status === 200);
    });
  });

  describe('with their signing keys in a file', () => {
    let directory: string;
    let path: string;
    beforeEach(async () => {
      directory = mkdtempSync(join(tmpdir(), 'hexado-workers-'));
      path = join(directory, 'keys.json');
      write('first');
      server = await ServerProcess.start({ ...environment(), SIGNING_KEY: '', SIGNING_KEYS_FILE: path });
      await listening(2);
    });
    afterEach(async () => {
      await server.kill();
      rmSync(directory, { recursive: true });
    });

    const write = (...kids: readonly string[]): void => {
      const keys = kids.map((kid) => ({ kid, alg: 'HS256', key: `${signingKey} ${kid}` }));
      writeFileSync(path, JSON.stringify({ keys }));
    };

    it('all reload their signing keys at SIGHUP', async () => {
      const { access } = await server.registerAndSignIn();
      write('second');
      server.signal('SIGHUP');
      const reread = (): unknown[] =>
        server.log.filter(({ msg }) => msg === 'Signing keys reloaded').map(({ pid }) => pid);
      await server.logged(() => reread().length === 2);
      expect(new Set(reread())).to.deep.equal(new Set(workers()));
      const responses = await Promise.all(Array.from({ length: 10 }, () => get('/tasks/', access)));
      expect(new Set(responses.map(({ status }) => status))).to.deep.equal(new Set([401]));
    });

    it('keep running when they cannot be replaced, which is logged', async () => {
      const before = workers();
      writeFileSync(path, 'wrong');
      server.signal('SIGUSR2');
      const { code } = await server.logged(({ msg }) => msg.startsWith('Replacing the workers failed'));
      expect(code).to.equal(78);
      expect(before.filter(isAlive)).to.deep.equal(before);
      expect(server.log.filter(({ msg }) => msg === 'All workers replaced')).to.deep.equal([]);

      write('first');
      server.signal('SIGUSR2');
      await server.logged(({ msg }) => msg === 'All workers replaced');
      expect(workers().filter(isAlive)).to.have.length(2);
      expect(before.filter(isAlive)).to.deep.equal([]);
    });

    it('keep their keys while the key file has errors, even if a worker exits', async () => {
      const { access } = await server.registerAndSignIn();
      writeFileSync(path, 'wrong');
      const [victim] = workers();
      sendSignal(victim, 'SIGKILL');
      await server.logged(({ code }) => code === 78);
      expect((await get('/tasks/', access)).status).to.equal(200);
      write('first');
      await listening(3);
      expect((await get('/tasks/', access)).status).to.equal(200);
      expect(workers().filter(isAlive)).to.have.length(2);
    });
  });

  it('are restarted with exponential backoff while they exit at once', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'hexado-workers-'));
    const path = join(directory, 'storage.mjs');
    writeFileSync(
      path,
      `import { appendFileSync, statSync } from 'node:fs';
       export { createStorage } from '${new URL('../../src/adapters/in-memory/create-storage.js', import.meta.url).href}';
       appendFileSync('${directory}/starts', '.');
       if (statSync('${directory}/starts').size <= 6) process.exit(1);`,
    );
    server = await ServerProcess.start({ ...environment(), STORAGE: path });
    const deaths = server.log.filter(({ worker }) => worker !== undefined);
    await server.kill();
    rmSync(directory, { recursive: true });

    // The first two were replaced after 100 and 200 ms, and those two after 400 and 800 ms.
    const times = deaths.map(({ time }) => Date.parse(String(time)));
    expect(times).to.have.length(6);
    expect((times[5] ?? 0) - (times[1] ?? 0)).to.be.at.least(200 + 800);
  });

  describe('that cannot run', () => {
    for (const [what, changes, code, complaint] of [
      [
        'would each have data of their own',
        { STORAGE: 'memory' },
        78,
        /^hexado: WORKERS=2: with STORAGE=memory /,
      ],
      [
        'have no storage',
        { STORAGE: './missing.js' },
        78,
        /^hexado: STORAGE=\.\/missing\.js: the module cannot be loaded/,
      ],
      [
        'have no address',
        { HOST: '192.0.2.1' },
        69,
        /^hexado: HOST=192\.0\.2\.1 is no address of this machine/,
      ],
    ] as const) {
      it(`exit with ${code} if they ${what}`, async () => {
        const ending = await run([], { environment: { ...environment(), ...changes } });
        expect(ending.code).to.equal(code);
        expect(ending.stderr).to.match(complaint);
      });
    }
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
