import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { expectRejection } from '../support/expect-rejection.js';
import { RedisServer } from '../support/redis-server.js';
import { signingKey } from '../support/running-server.js';
import { program, run, ServerProcess } from '../support/server-process.js';
import { stopAfterEach } from '../support/stop-after-each.js';

describe('a server on a unix socket', () => {
  const stopped = stopAfterEach();
  let directory: string;
  let path: string;
  let redis: RedisServer;
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'hexado-socket-'));
    path = join(directory, 'hexado.sock');
    redis = await RedisServer.start();
  });
  after(async () => {
    await redis.stop();
    rmSync(directory, { recursive: true });
  });

  async function start(given: Readonly<Record<string, string>> = {}): Promise<ServerProcess> {
    const environment = { HOST: `unix:${path}`, BCRYPT_COST: '4', ...given };
    const command = ['sh', '-c', `umask 007; exec "${process.execPath}" "${program}"`];
    const server = await ServerProcess.start(environment, { command });
    stopped({ stop: () => server.kill() });
    return server;
  }

  /** Sends a request as a proxy does; resolves with the status and the body. */
  function get(url: string, headers: Readonly<Record<string, string>> = {}): Promise<[number, string]> {
    return new Promise((resolve, reject) => {
      const sent = request({ socketPath: path, path: url, headers, agent: false }, (response) => {
        text(response).then((body) => resolve([response.statusCode ?? 0, body]), reject);
      });
      sent.on('error', reject).end();
    });
  }

  const onRedis = (): Record<string, string> => ({
    STORAGE: 'redis',
    REDIS_URL: redis.url,
    SIGNING_KEY: signingKey,
  });

  for (const workers of ['1', '2']) {
    it(`serves, may be used by its group, and removes the file at the end, with WORKERS=${workers}`, async () => {
      const server = await start({ ...onRedis(), WORKERS: workers });
      expect(await get('/livez')).to.deep.equal([200, '{"status":"live"}']);
      expect(statSync(path).mode & 0o777).to.equal(0o770);
      server.signal('SIGTERM');
      expect((await server.ending).code).to.equal(0);
      expect(existsSync(path)).to.equal(false);
    });

    it(`replaces a socket that a killed server has left, with WORKERS=${workers}`, async () => {
      const killed = await start();
      await killed.kill();
      expect(existsSync(path)).to.equal(true);
      await start({ ...onRedis(), WORKERS: workers });
      expect((await get('/livez'))[0]).to.equal(200);
    });
  }

  it('leaves a socket on which another server listens, and a file that is none', async () => {
    await start();
    const environment = { HOST: `unix:${path}`, TRUST_PROXY: '1' };
    expectRejection(await run([], { environment }), 69, /something listens there already/);
    expect((await get('/livez'))[0]).to.equal(200);
    const file = join(directory, 'file');
    writeFileSync(file, 'kept');
    expectRejection(
      await run([], { environment: { ...environment, HOST: `unix:${file}` } }),
      69,
      /or it is no socket/,
    );
    expect(statSync(file).size).to.equal(4);
  });

  it('says why it cannot make the socket', async () => {
    const environment = { HOST: `unix:${join(directory, 'missing', 'socket')}`, TRUST_PROXY: '1' };
    expectRejection(await run([], { environment }), 69, /the socket cannot be made/);
    for (const host of ['unix:relative.sock', `unix:/${'x'.repeat(110)}`]) {
      expectRejection(
        await run([], { environment: { HOST: host } }),
        78,
        /an absolute path of at most 103 bytes/,
      );
    }
  });

  it('warns if no proxy is trusted', async () => {
    const server = await start();
    const { msg } = await server.logged((line) => line.msg.startsWith('HOST=unix:'));
    expect(msg).to.match(/all clients count as one. Set TRUST_PROXY=1\.$/);
  });
});
