import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { RedisServer } from '../support/redis-server.js';
import { signingKey, type SignedIn } from '../support/running-server.js';
import { ServerProcess } from '../support/server-process.js';
import { stopAfterEach } from '../support/stop-after-each.js';
import { waitFor } from '../support/wait-for.js';

const otherKey = 'a-key-that-nobody-knew-before-0123456789abcdef';

describe('backups of Redis, as docs/operations.md restores them', () => {
  const stopped = stopAfterEach();
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'hexado-backup-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  async function startRedis(path: string, ...args: string[]): Promise<RedisServer> {
    return stopped(await RedisServer.start({ args: ['--dir', path, ...args] }));
  }

  async function startServer(redis: RedisServer, key = signingKey): Promise<ServerProcess> {
    const environment = { STORAGE: 'redis', REDIS_URL: redis.url, SIGNING_KEY: key, BCRYPT_COST: '4' };
    const server = await ServerProcess.start(environment);
    stopped({ stop: () => server.kill() });
    return server;
  }

  /** A copy of a data directory under another name. */
  function copy(from: string, name: string): string {
    const to = join(directory, name);
    cpSync(from, to, { recursive: true });
    return to;
  }

  function newDirectory(name: string): string {
    const path = join(directory, name);
    mkdirSync(path);
    return path;
  }

  /** Data with one user, whose session is ended after the backup. Returns the user and the copy. */
  async function backUp(
    args: readonly string[],
    save: (client: Redis) => Promise<unknown>,
  ): Promise<{ readonly user: SignedIn; readonly backup: string }> {
    const data = newDirectory('data');
    const redis = await startRedis(data, ...args);
    const server = await startServer(redis);
    const user = await server.registerAndSignIn();
    await server.call('POST', '/tasks/create/', { title: 'Milk', description: 'Two litres' }, user.access);
    await tell(redis, save);
    const backup = copy(data, 'backup');
    await server.call('POST', '/api/logout/', { refresh: user.refresh });
    return { user, backup };
  }

  const appendOnly = ['--appendonly', 'yes', '--appendfsync', 'always'];

  it('a copy of the append-only directory has everything', async () => {
    const { user, backup } = await backUp(appendOnly, async () => undefined);
    const server = await startServer(await startRedis(backup, ...appendOnly));
    expect(await statusOfList(server, user)).to.equal(200);
  });

  it('a snapshot beside appendonly yes starts empty, and has everything if appendonly is turned on later', async () => {
    const { user, backup } = await backUp([], (client) => client.save());
    const ignored = await startRedis(copy(backup, 'ignored'), ...appendOnly);
    expect(await tell(ignored, (client) => client.dbsize())).to.equal(0);

    const restored = await startRedis(backup, '--appendonly', 'no');
    await tell(restored, (client) => client.config('SET', 'appendonly', 'yes'));
    await waitFor('the append-only file is written', async () =>
      /aof_rewrite_in_progress:0[^]*aof_enabled:1|aof_enabled:1[^]*aof_rewrite_in_progress:0/.test(
        await tell(restored, (client) => client.info('persistence')),
      ),
    );
    await restored.kill();
    const server = await startServer(await startRedis(backup, ...appendOnly));
    expect(await statusOfList(server, user)).to.equal(200);
  });

  it('a restored backup revives sessions that were ended since, unless the server gets another key', async () => {
    const { user, backup } = await backUp(appendOnly, async () => undefined);
    const redis = await startRedis(backup, ...appendOnly);
    const withOldKey = await startServer(redis);
    expect(await statusOfList(withOldKey, user)).to.equal(200);
    await withOldKey.kill();

    const { username, password } = user;
    const server = await startServer(redis, otherKey);
    expect(await statusOfList(server, user)).to.equal(401);
    expect((await server.call('POST', '/api/token/refresh/', { refresh: user.refresh })).status).to.equal(
      401,
    );
    expect((await server.call('POST', '/api/token/', { username, password })).status).to.equal(200);
  });

  it('a server ignores fields that another version has added, and keeps them', async () => {
    const redis = await startRedis(newDirectory('data'));
    const server = await startServer(redis);
    const user = await server.registerAndSignIn();
    await server.call('POST', '/tasks/create/', { title: 'Milk', description: 'Two litres' }, user.access);
    await tell(redis, async (client) => {
      await client.hset('hexado:{u:1}:account', 'later', 'kept');
      await client.zadd('hexado:{u:1}:tasks', '1', '1\0pending\0Milk\0Two litres\0later');
      await client.zrem('hexado:{u:1}:tasks', '1\0pending\0Milk\0Two litres');
    });
    const other = await startServer(redis);
    expect(await statusOfList(other, user)).to.equal(200);
    const update = { status: 'completed' };
    expect((await other.call('PUT', '/tasks/1/update/', update, user.access)).status).to.equal(200);
    expect((await server.call('GET', '/tasks/1/', undefined, user.access)).json()).to.include(update);
    await tell(redis, async (client) => {
      expect(await client.hget('hexado:{u:1}:account', 'later')).to.equal('kept');
      expect(await client.zrange('hexado:{u:1}:tasks', '0', '-1')).to.deep.equal([
        '1\0completed\0Milk\0Two litres\0later',
      ]);
      expect(await client.get('hexado:layout')).to.equal('1');
    });
  });
});

/** Sends commands to a Redis as redis-cli does. */
async function tell<T>(redis: RedisServer, command: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(redis.url);
  try {
    return await command(client);
  } finally {
    client.disconnect();
  }
}

async function statusOfList(server: ServerProcess, { access }: SignedIn): Promise<number> {
  return (await server.call('GET', '/tasks/', undefined, access)).status;
}
