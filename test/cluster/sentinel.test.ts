import { expect } from 'chai';
import { Load } from '../support/load.js';
import { RedisSentinels } from '../support/redis-sentinels.js';
import type { RedisServer } from '../support/redis-server.js';
import { report } from '../support/report.js';
import { RunningServer, signingKey, type SignedIn } from '../support/running-server.js';
import { run } from '../support/server-process.js';
import { waitForStorage } from '../support/wait-for-storage.js';

/** Milliseconds within which writes are to be acknowledged again; the sentinels wait one second for a master. */
const recovery = 5_000;

/** How often the master changes places with a replica. */
const failovers = 3;

describe('Redis Sentinel', () => {
  let redis: RedisSentinels;
  let server: RunningServer;
  let users: SignedIn[];
  let load: Load;

  beforeEach(async () => {
    redis = await RedisSentinels.start();
    server = await RunningServer.start(redis.environment);
    await waitForStorage(server.storage);
    users = await Promise.all(Array.from({ length: 4 }, () => server.registerAndSignIn()));
    load = new Load(server, users);
    await load.next(users, 4);
  });
  afterEach(async () => {
    await load.stop();
    await server.stop();
    await redis.stop();
  });

  /** Has something befall the master; returns how long writes failed, in milliseconds. */
  async function recoveryFrom(event: (master: RedisServer) => Promise<void> | void): Promise<number> {
    const begun = Date.now();
    await event(redis.master);
    await load.until('writes fail', () => load.failures.length > 0);
    await load.next(users, 8);
    return Math.max(...load.failures.map(({ endedAt }) => endedAt)) - begun;
  }

  const lostAndFailed = async (): Promise<string> => {
    const { creates, updates } = await load.lostWrites();
    return `${creates} creates and ${updates} updates lost of ${load.acknowledgedWrites} acknowledged writes; failed: ${JSON.stringify(load.outcomes(load.failures))}`;
  };

  it('lets hexado user run and exit', async () => {
    const environment = { ...redis.environment, SIGNING_KEY: signingKey };
    const { code, stdout } = await run(['user', 'list'], { environment });
    expect(code).to.equal(0);
    expect(stdout).to.contain(users[0]?.username);
  });

  it('has the server write to another master soon after the first was killed', async () => {
    const backAfter = await recoveryFrom((master) => master.kill());
    await load.stop();
    report(`master killed: writes again after ${backAfter} ms`, await lostAndFailed());
    expect(backAfter).to.be.below(recovery);
  });

  it('has the server write to another master soon after the first froze, and never to the first one again', async () => {
    const backAfter = await recoveryFrom((master) => master.freeze());
    redis.master.resume();
    await redis.untilDemoted();
    await load.next(users, 8);
    await load.stop();
    report(`master frozen: writes again after ${backAfter} ms`, await lostAndFailed());
    expect(backAfter).to.be.below(recovery);
    // What the old master might have acknowledged was lost when it became a replica.
    expect(await load.lostWrites()).to.deep.equal({ creates: 0, updates: 0 });
  });

  it('loses no acknowledged write in planned failovers with REDIS_WAIT_REPLICAS=all', async () => {
    await load.stop();
    await server.stop();
    server = await RunningServer.start({
      ...redis.environment,
      REDIS_WAIT_REPLICAS: 'all',
    });
    await waitForStorage(server.storage);
    users = await Promise.all(Array.from({ length: 4 }, () => server.registerAndSignIn()));
    load = new Load(server, users);
    for (let count = 0; count < failovers; count++) {
      await load.next(users, 4);
      await redis.failOver();
      await load.next(users, 4);
    }
    await load.stop();
    report(`${failovers} planned failovers, REDIS_WAIT_REPLICAS=all`, await lostAndFailed());
    expect(await load.lostWrites()).to.deep.equal({ creates: 0, updates: 0 });
    expect(new Set(load.failures.map(({ outcome }) => outcome))).to.deep.equal(new Set([503]));
  });
});
