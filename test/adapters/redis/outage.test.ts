import { once } from 'node:events';
import { createServer } from 'node:net';
import { inspect } from 'node:util';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { createStorage } from '../../../src/adapters/redis/create-storage.js';
import type { RedisSettings } from '../../../src/adapters/redis/connection/redis-settings.js';
import type { Storage } from '../../../src/application/ports/storage.js';
import { addUser, aDraft, refTo, signIn } from '../../contracts/builders.js';
import { everyCall, expectUnavailable } from '../../contracts/every-call.js';
import { RecordedLog } from '../../support/recorded-log.js';
import { appending, RedisServer } from '../../support/redis-server.js';
import { rejectionOf } from '../../support/rejection.js';
import { settingsFor } from '../../support/redis-storage.js';
import { SettableClock } from '../../support/settable-clock.js';
import { waitForStorage } from '../../support/wait-for-storage.js';

describe('Redis storage without its Redis', () => {
  /** Milliseconds within which every call is answered, one way or the other. */
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

  /** What answers for itself: what the check answers is up to a second old. */
  function everyCallButCheck(): (() => Promise<unknown>)[] {
    const calls = Object.entries(everyCall(storage, clock));
    return calls.filter(([name]) => name !== 'check').map(([, call]) => call);
  }

  it('refuses every call, and says nothing of what the call was about', async () => {
    await server.kill();
    await log.waitFor('Redis is unavailable');
    for (const call of Object.values(everyCall(storage, clock))) await expectUnavailable(call());
    expect(inspect(log.lines, { depth: null })).not.to.contain('secret');
  });

  it('rejects by the error reply of a script, of one kind whatever the code, and has no line in the log', async () => {
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

  it('refuses every call in time while Redis hangs, and serves again when it goes on', async () => {
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

  it('refuses the calls that were under way when Redis crashed, and does not send them again', async () => {
    server.freeze();
    const asked = Date.now();
    const refusals = everyCallButCheck().map((call) => expectUnavailable(call()));
    await server.restart();
    await Promise.all(refusals);
    expect(Date.now() - asked).to.be.below(deadline);
  });

  it('serves again by itself once Redis is back, and tells of the outage and of its end once', async () => {
    await server.kill();
    const attempts = await refuseConnections(server.port, 3);
    await server.restart();
    await log.waitFor('Redis is available again');
    await addUser(storage);
    expect(attempts).to.equal(3);
    expect(log.messages('Redis is unavailable')).to.have.length(1);
    expect(log.messages('is available again')).to.have.length(1);
  });

  it('tells of each outage anew', async () => {
    for (const outages of [1, 2]) {
      await server.kill();
      await log.waitFor('Redis is unavailable', outages);
      await server.restart();
      await log.waitFor('is available again', outages);
    }
    expect(log.lines).to.have.length(4);
  });

  it('can be created before Redis runs', async () => {
    await server.kill();
    const early = await open(server);
    await expectUnavailable(early.check());
    await server.restart();
    await waitForStorage(early);
    await addUser(early);
  });

  it('can be closed while Redis is away', async () => {
    await server.kill();
    await storage.close();
  });

  it('tells whoever has taken a single server for a Cluster what to change', async () => {
    await open(server, { mode: 'cluster' });
    await log.waitFor('Set REDIS_MODE to single.');
  });

  it('tells whoever has named sentinels that none of them answers', async () => {
    await open(server, { mode: 'sentinel', sentinelName: 'main' });
    await log.waitFor('no sentinel answers');
  });

  for (const [what, given] of [
    ['no password', {}],
    ['a wrong password', { password: 'secret' }],
  ] as const) {
    it(`tells whoever has given it ${what} where to look`, async () => {
      const guarded = await start('--requirepass', 'sesame');
      const refused = await open(guarded, given);
      await log.waitFor('Check the credentials in REDIS_URL.');
      await expectUnavailable(refused.check());
      expect(inspect(log.lines, { depth: null })).not.to.contain('secret');

      const admitted = await open(guarded, { password: 'sesame' });
      await waitForStorage(admitted);
    });
  }
});

/** Listens where Redis did, and resets so many connections; answers how many there were. */
async function refuseConnections(port: number, count: number): Promise<number> {
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
