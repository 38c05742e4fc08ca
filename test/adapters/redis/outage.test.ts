import { once } from 'node:events';
import { createServer } from 'node:net';
import { inspect } from 'node:util';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { createStorage } from '../../../src/adapters/redis/create-storage.js';
import type { RedisSettings } from '../../../src/adapters/redis/connection/redis-settings.js';
import type { Storage } from '../../../src/application/ports/storage.js';
import { addUser, aDraft, refTo, signIn } from '../../../src/storage-contract/builders.js';
import { everyCall, expectUnavailable } from '../../support/every-call.js';
import { RecordedLog } from '../../support/recorded-log.js';
import { appending, RedisServer } from '../../support/redis-server.js';
import { rejectionOf } from '../../support/rejection.js';
import { settingsFor } from '../../support/redis-storage.js';
import { SettableClock } from '../../../src/storage-contract/settable-clock.js';
import { waitForStorage } from '../../support/wait-for-storage.js';

describe('Redis storage without its Redis', () => {
  /** Milliseconds within which every call settles. */
  const deadline = 1500;
  const clock = new SettableClock();
  let log: RecordedLog;
  let server: RedisServer;
  let storage: Storage;
  const closing: (() => Promise<void>)[] = [];

  beforeEach(async () => {
    log = new RecordedLog();
    server = await start(...appending.args);
    storage = await open(server);
    await waitForStorage(storage);
  });
  afterEach(async () => {
    await Promise.all(closing.splice(0).map((close) => close()));
  });

  async function start(...args: string[]): Promise<RedisServer> {
    const started = await RedisServer.start({ args });
    closing.push(() => started.stop());
    return started;
  }

  async function open(to: RedisServer, given: Partial<RedisSettings> = {}): Promise<Storage> {
    const opened = await createStorage({ clock: clock.now, log, redis: { ...settingsFor(to), ...given } });
    closing.push(() => opened.close());
    return opened;
  }

  /** Every call but the health check, whose result may be a second old. */
  function everyCallButCheck(): (() => Promise<unknown>)[] {
    const calls = Object.entries(everyCall(storage, clock));
    return calls.filter(([name]) => name !== 'check').map(([, call]) => call);
  }

  it('rejects every call, without the call’s arguments in the error', async () => {
    await server.kill();
    await log.waitFor('Redis is unavailable');
    for (const call of Object.values(everyCall(storage, clock))) await expectUnavailable(call());
    expect(inspect(log.lines, { depth: null })).not.to.contain('secret');
  });

  it('rejects by the error reply of a script, which Redis counts as one kind, and logs nothing', async () => {
    const redis = new Redis(server.port);
    const { user, ref } = await signIn(storage, clock);
    const before = log.lines.length;
    const limits = { tasks: 0, bytes: 0, idempotencyKeys: 0 };
    const draft = aDraft();
    expect(await rejectionOf(storage.tasks.create(ref, draft, { limits }))).to.equal('task_limit_reached');
    for (const by of [refTo(user, 'ended'), { userId: 99, sessionId: 'session' }]) {
      expect(await rejectionOf(storage.tasks.find(by, 1))).to.equal('token_revoked');
      expect(await rejectionOf(storage.users.removeOwn(by))).to.equal('token_revoked');
    }
    expect(log.lines).to.have.length(before);
    // Redis counts errors by their first word, and stops at 128 of them.
    expect(await redis.info('errorstats')).to.match(/^errorstat_REJECTED:count=5\r$/m);
    redis.disconnect();
  });

  it('rejects every call in time while Redis hangs, and recovers when Redis does', async () => {
    server.freeze();
    const asked = Date.now();
    await Promise.all(everyCallButCheck().map((call) => expectUnavailable(call())));
    await expectUnavailable(storage.check());
    expect(Date.now() - asked).to.be.below(deadline);
    expect(log.messages('is unavailable (timeout)')).to.have.length(1);
    server.resume();
    await waitForStorage(storage);
    expect(await storage.users.list({ after: 0, limit: 10 })).to.be.an('array');
  });

  it('rejects the calls that were in progress when Redis crashed, and does not retry them', async () => {
    server.freeze();
    const asked = Date.now();
    const rejections = everyCallButCheck().map((call) => expectUnavailable(call()));
    await server.restart();
    await Promise.all(rejections);
    expect(Date.now() - asked).to.be.below(deadline);
  });

  it('reconnects when Redis is back, and logs the outage and its end once', async () => {
    await server.kill();
    const attempts = await rejectConnections(server.port, 3);
    await server.restart();
    await log.waitFor('Redis is available again');
    await addUser(storage);
    expect(attempts).to.equal(3);
    expect(log.messages('Redis is unavailable')).to.have.length(1);
    expect(log.messages('is available again')).to.have.length(1);
  });

  it('logs each outage', async () => {
    for (const outages of [1, 2]) {
      await server.kill();
      await log.waitFor('Redis is unavailable', outages);
      await server.restart();
      await log.waitFor('is available again', outages);
    }
    expect(log.lines).to.have.length(4);
  });

  it('can be created before Redis is available', async () => {
    await server.kill();
    const early = await open(server);
    await expectUnavailable(early.check());
    await server.restart();
    await waitForStorage(early);
    await addUser(early);
  });

  it('can be closed while Redis is unavailable', async () => {
    await server.kill();
    await storage.close();
  });

  it('logs which setting to change for a single server in the mode cluster', async () => {
    await open(server, { mode: 'cluster' });
    await log.waitFor('Set REDIS_MODE to single.');
  });

  it('logs that no Sentinel responds', async () => {
    await open(server, { mode: 'sentinel', sentinelName: 'main' });
    await log.waitFor('no sentinel answers');
  });

  for (const [what, given] of [
    ['no password', {}],
    ['a wrong password', { password: 'secret' }],
  ] as const) {
    it(`logs where to look for ${what}`, async () => {
      const guarded = await start('--requirepass', 'sesame');
      const rejected = await open(guarded, given);
      await log.waitFor('Check the credentials in REDIS_URL.');
      await expectUnavailable(rejected.check());
      expect(inspect(log.lines, { depth: null })).not.to.contain('secret');

      const admitted = await open(guarded, { password: 'sesame' });
      await waitForStorage(admitted);
    });
  }
});

/** Listens on the port of Redis, and resets `count` connections; returns how many there were. */
async function rejectConnections(port: number, count: number): Promise<number> {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  let connections = 0;
  await new Promise<void>((resolve) => {
    server.on('connection', (socket) => {
      socket.resetAndDestroy();
      if (++connections === count) resolve();
    });
  });
  server.close();
  await once(server, 'close');
  return connections;
}
