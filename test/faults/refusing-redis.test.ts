import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { expectResponse, taskNotFound, unavailable } from '../support/responses.js';
import { callEveryEndpoint, expectUnavailableWithin } from '../support/every-endpoint.js';
import { freePort } from '../support/free-port.js';
import { sessionRefOf } from '../support/json-web-token.js';
import { RedisServer } from '../support/redis-server.js';
import { documentedRules } from '../support/redis-user.js';
import { RunningServer, type LogLine, type SignedIn } from '../support/running-server.js';
import { stopAfterEach } from '../support/stop-after-each.js';
import { waitFor } from '../support/wait-for.js';

/** Milliseconds within which every request gets a response, and within which the server has recovered. */
const deadlines = { request: 1_500, recovery: 2_000 };

/** What a user of Redis could do harm with. */
const harmful = [
  'FLUSHALL',
  'FLUSHDB',
  'SWAPDB 0 1',
  'CLIENT KILL TYPE normal',
  'CLIENT PAUSE 1000',
  'SCRIPT FLUSH',
  'SCRIPT KILL',
  'FUNCTION FLUSH',
  'CONFIG SET maxmemory 1',
  'CLUSTER RESET',
  'CLUSTER FAILOVER',
  'REPLICAOF NO ONE',
  'DEBUG SLEEP 1',
  'SHUTDOWN',
  'SAVE',
  'KEYS *',
  'RANDOMKEY',
  'MONITOR',
  'ACL LIST',
  'PUBLISH channel message',
  'GET other:key',
  'DEL other:key',
  'HSET other:{staff}:members 1 x',
];

describe('a Redis that refuses', () => {
  const stopped = stopAfterEach();
  let redis: RedisServer;
  let admin: Redis;
  let server: RunningServer;
  let user: SignedIn;

  /** Starts Redis with these arguments and a server on it; a user has signed in and has a task. */
  async function start(...args: string[]): Promise<void> {
    redis = stopped(await RedisServer.start({ args }));
    admin = new Redis(redis.port);
    admin.on('error', () => undefined);
    stopped({ stop: async () => admin.disconnect() });
    server = stopped(await RunningServer.start({ STORAGE: 'redis', REDIS_URL: redis.url }));
    user = await server.registerAndSignIn();
    expect((await create()).status).to.equal(201);
  }

  const create = () => call('POST', '/tasks/create/', { title: 't', description: 'd' });
  const list = () => call('GET', '/tasks/');
  const call = (method: string, path: string, body?: object) => server.call(method, path, body, user.access);
  const linesAbout = (reason: string): LogLine[] =>
    server.log.filter(({ message, fields }) => message !== 'request' && fields['reason'] === reason);

  /** Expects that no request fails otherwise than with 503, and that the log tells why, in one line. */
  async function expectRejections(reason: string): Promise<void> {
    for (let round = 0; round < 3; round++) {
      const startedAt = Date.now();
      const responses = await callEveryEndpoint(server, user);
      expect(Date.now() - startedAt).to.be.below(deadlines.request);
      const failures = responses.filter(({ status }) => status >= 500);
      for (const response of failures) expectResponse(response, 503, unavailable);
    }
    expect(linesAbout(reason)).to.have.length(1);
    expect(linesAbout(reason)[0]?.message).to.include(`(${reason}); requests`);
    expect(server.log.filter(({ level }) => level === 'error')).to.deep.equal([]);
  }

  async function expectRecovery(): Promise<void> {
    await waitFor('it creates tasks', async () => (await create()).status === 201, {
      timeout: deadlines.recovery,
    });
    expect((await list()).status).to.equal(200);
  }

  describe('what would add to a full memory', () => {
    beforeEach(async () => {
      await start();
      await admin.config('SET', 'maxmemory', '1mb');
    });

    it('lets users read, delete and log out, and logs why they cannot create', async () => {
      const { username, password, refresh } = user;
      for (let round = 0; round < 3; round++) expectResponse(await create(), 503, unavailable);
      expectResponse(await server.call('POST', '/api/token/', { username, password }), 503, unavailable);
      expectResponse(
        await server.call('POST', '/tasks/register/', { username: 'new', password }),
        503,
        unavailable,
      );
      expect(linesAbout('OOM')).to.have.length(1);
      expect(linesAbout('OOM')[0]?.message).to.match(/memory is full: raise maxmemory/);

      expect((await list()).json()).to.have.length(1);
      expect((await call('GET', '/tasks/1/')).status).to.equal(200);
      expect((await server.call('POST', '/api/token/refresh/', { refresh })).status).to.equal(200);
      expect((await call('DELETE', '/tasks/1/delete/')).status).to.equal(200);
      expectResponse(await call('GET', '/tasks/1/'), 404, taskNotFound);
      expect((await server.call('POST', '/api/logout/', { refresh })).status).to.equal(200);
      expect((await list()).status).to.equal(401);
      expect((await server.call('GET', '/readyz')).status).to.equal(200);
    });

    it('lets an operator deactivate and delete users', async () => {
      const { users, sessions } = server.storage;
      const { id } = (await users.findByName(user.username))!;
      expect(await users.deactivate(id)).to.equal(true);
      expect((await list()).status).to.equal(401);
      expect(await sessions.find(sessionRefOf(user.access))).to.equal(undefined);
      expect(await users.remove(id)).to.equal(true);
      expect(await users.findByName(user.username)).to.equal(undefined);
    });

    it('serves all requests again as soon as there is room', async () => {
      await expectRejections('OOM');
      await admin.config('SET', 'maxmemory', '0');
      user = await server.registerAndSignIn();
      await expectRecovery();
    });
  });

  it('what it could not save to its disk', async () => {
    await start('--save', '3600', '1');
    const directory = (await admin.config('GET', 'dir'))[1]!;
    mkdirSync(join(directory, 'dump.rdb', 'in-the-way'), { recursive: true });
    await admin.bgsave();
    await waitFor('the snapshot has failed', async () =>
      /^rdb_last_bgsave_status:err/m.test(await admin.info('persistence')),
    );
    await expectRejections('MISCONF');
    await admin.config('SET', 'stop-writes-on-bgsave-error', 'no');
    await expectRecovery();
  });

  it('writes, because it has become a replica', async () => {
    await start();
    await admin.replicaof('127.0.0.1', await freePort());
    expectResponse(await create(), 503, unavailable);
    await expectRejections('READONLY');
    await admin.replicaof('NO', 'ONE');
    await expectRecovery();
  });

  it('writes, because it has become a replica, still serves every read', async () => {
    await start();
    await admin.replicaof('127.0.0.1', await freePort());
    const connections = async () =>
      Number(/total_connections_received:(\d+)/.exec(await admin.info('stats'))?.[1]);
    const before = await connections();
    for (let round = 0; round < 100; round++) {
      const [write, ...reads] = await Promise.all([create(), list(), list(), call('GET', '/tasks/1/')]);
      expectResponse(write, 503, unavailable);
      for (const { status } of reads) expect(status).to.equal(200);
    }
    expect((await connections()) - before).to.be.below(5);
  });

  it('everything, while a script keeps it busy', async () => {
    await start('--busy-reply-threshold', '50');
    const busy = new Redis(redis.port);
    const endless = busy.eval('while true do end', 0).catch(() => undefined);
    await waitFor('it is busy', () =>
      admin.ping().then(
        () => false,
        () => true,
      ),
    );
    await expectUnavailableWithin(server, user, deadlines.request);
    await expectRejections('BUSY');
    expect((await server.call('GET', '/readyz')).status).to.equal(503);
    await admin.script('KILL');
    await endless;
    busy.disconnect();
    await expectRecovery();
  });

  for (const denied of ['evalsha', 'hget', 'zadd', 'zrangebyscore', 'set']) {
    it(`${denied}, which its ACL denies, and nothing is lost by that`, async () => {
      await start();
      await admin.acl('SETUSER', 'default', `-${denied}`);
      await call('PUT', '/tasks/1/update/', { title: 'new' });
      await admin.acl('SETUSER', 'default', `+${denied}`);
      expect((await list()).json()).to.have.length(1);

      await admin.acl('SETUSER', 'default', `-${denied}`);
      await expectRejections('NOPERM');
      expect(linesAbout('NOPERM')[0]?.message).to.match(/REDIS_URL/);
      await admin.acl('SETUSER', 'default', `+${denied}`);
      user = await server.registerAndSignIn();
      await expectRecovery();
    });
  }

  it('nothing to a user who may do what docs/operations.md asks for, and to that user whatever else does harm', async () => {
    await start('--save', '', '--repl-diskless-sync-delay', '0');
    const replica = stopped(
      await RedisServer.start({ args: ['--replicaof', '127.0.0.1', String(redis.port)] }),
    );
    await waitFor('the replica is in sync', async () =>
      /^slave0:.*state=online/m.test(await admin.info('replication')),
    );
    await admin.acl('SETUSER', 'hexado', 'on', '>sesame', ...documentedRules().redis);
    const url = `${redis.url.replace('//', '//hexado:sesame@')}/1`;
    server = stopped(
      await RunningServer.start({ STORAGE: 'redis', REDIS_URL: url, REDIS_WAIT_REPLICAS: 'all' }),
    );
    await waitFor('it is ready', async () => (await server.call('GET', '/readyz')).status === 200);
    user = await server.registerAndSignIn();
    expect((await create()).status).to.equal(201);
    for (const { status } of await callEveryEndpoint(server, user)) expect(status).to.be.below(500);
    expect((await server.call('GET', '/readyz')).json()).to.have.property('warnings');
    const { users, staff } = server.storage;
    const { id } = (await users.findByName(user.username))!;
    const other = await server.registerAndSignIn();
    const root = sessionRefOf(other.access);
    for (const each of [id, root.userId]) expect(await staff.add(each)).to.equal(true);
    await staff.act(root, { at: 0, by: 'staff', actor: 'a', act: 'deactivate', userId: id, username: 'b' });
    expect(await staff.records({ before: Infinity, limit: 10 })).to.have.length(1);
    expect(await users.remove(id)).to.equal(true);
    const status = async () => ((await server.call('GET', '/readyz')).json() as { status: string }).status;
    await waitFor('no write waits too long for the replica', async () => (await status()) === 'ready');
    expect(await admin.acl('LOG')).to.deep.equal([]);
    for (const harm of harmful) {
      const verdict = await admin.call('ACL', 'DRYRUN', 'hexado', ...harm.split(' '));
      expect(String(verdict), harm).to.match(/has no permissions/);
    }
    await replica.kill();
  });

  it('new connections, because it has been given a password', async () => {
    await start();
    await admin.config('SET', 'requirepass', 'sesame');
    await admin.call('CLIENT', 'KILL', 'TYPE', 'normal');
    await waitFor('it says so', () => linesAbout('NOAUTH').length > 0);
    await expectUnavailableWithin(server, user, deadlines.request);
    await expectRejections('NOAUTH');
    expect(linesAbout('NOAUTH')[0]?.message).to.match(/Check the credentials in REDIS_URL/);
    await admin.config('SET', 'requirepass', '');
    await expectRecovery();
  });

  it('everything, while it is reading its data from its disk', async () => {
    await start(
      '--save',
      '3600',
      '1',
      '--key-load-delay',
      '100',
      '--loading-process-events-interval-bytes',
      '1024',
    );
    await admin.eval("for i = 1, 30000 do redis.call('SET', 'key' .. i, i) end", 0);
    await admin.save();
    const restarted = redis.restart();
    await waitFor('it says so', () => linesAbout('LOADING').length > 0);
    await expectUnavailableWithin(server, user, deadlines.request);
    await expectRejections('LOADING');
    await restarted;
    await expectRecovery();
  });

  it('scripts that it has forgotten, without a failed request', async () => {
    await start();
    for (const path of ['/tasks/create/', '/tasks/create/']) {
      await admin.script('FLUSH');
      expect((await call('POST', path, { title: 't', description: 'd' })).status).to.equal(201);
    }
    await admin.script('FLUSH');
    for (const { status } of await callEveryEndpoint(server, user)) expect(status).to.be.below(500);
  });
});
