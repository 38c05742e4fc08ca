import { setTimeout } from 'node:timers/promises';
import { expect } from 'chai';
import { callEveryEndpoint } from '../support/every-endpoint.js';
import { Load } from '../support/load.js';
import { durable, RedisServer } from '../support/redis-server.js';
import { repeatedly } from '../support/repeatedly.js';
import { report } from '../support/report.js';
import type { SignedIn } from '../support/running-server.js';
import { startServerOnRedis } from '../support/server-on-redis.js';
import type { ServerProcess } from '../support/server-process.js';
import { stopAfterEach } from '../support/stop-after-each.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { waitFor } from '../support/wait-for.js';

/** Timeouts in milliseconds: of each request, of the process' own health, and of recovery. */
const deadlines = { request: 2_000, live: 50, recovery: 4_000 };

/** Milliseconds for which Redis hangs. */
const outage = 5_000;

describe('under load, while Redis', () => {
  const stopped = stopAfterEach();
  let redis: RedisServer;
  let proxy: TcpProxy;
  let server: ServerProcess;
  let users: SignedIn[];

  beforeEach(async () => {
    redis = stopped(await RedisServer.start(durable));
    proxy = stopped(await TcpProxy.start(redis.port));
    server = await startServerOnRedis(proxy.url, stopped);
    users = await Promise.all(Array.from({ length: 20 }, () => server.registerAndSignIn()));
  });

  /** How long the server took to say that it lives, in milliseconds. */
  async function timeToLive(): Promise<number> {
    const startedAt = performance.now();
    const { status } = await server.call('GET', '/livez');
    expect(status).to.equal(200);
    const time = performance.now() - startedAt;
    await setTimeout(20);
    return time;
  }

  const faults: Record<string, { readonly begin: () => void; readonly end: () => void }> = {
    'is stopped': { begin: () => redis.freeze(), end: () => redis.resume() },
    'is behind a network that swallows everything': {
      begin: () => proxy.holdUp('everything'),
      end: () => proxy.release(),
    },
  };
  for (const [what, { begin, end }] of Object.entries(faults)) {
    it(`${what}, every request gets a response soon, and no acknowledged write is lost`, async () => {
      // What is rejected may take place all the same, as soon as Redis goes on: this user may lose a task.
      const other = await server.registerAndSignIn();
      const load = new Load(server, users);
      await load.next(users, 5);
      begin();
      const brokeAt = Date.now();
      const over = setTimeout(outage);
      const lives = repeatedly(timeToLive, over);
      const responses = await repeatedly(async () => {
        const each = await callEveryEndpoint(server, other);
        await setTimeout(50);
        return each;
      }, over);
      const times = (await lives).toSorted((a, b) => a - b);
      end();
      const mendedAt = Date.now();
      await waitFor(
        'every user has created a task',
        () => {
          const served = load.exchanges.filter(
            ({ startedAt, request, outcome }) =>
              startedAt >= brokeAt && request === 'POST /tasks/create/' && outcome === 201,
          );
          return new Set(served.map(({ user }) => user)).size === users.length;
        },
        { timeout: deadlines.recovery },
      );
      const recovery = Date.now() - mendedAt;
      await load.stop();

      const outcomes = new Set(load.failures.map(({ outcome }) => outcome));
      expect(outcomes).to.deep.equal(new Set([503]));
      expect(new Set(responses.flat().map(({ status }) => status))).to.deep.equal(new Set([503]));
      const longest = Math.max(...load.exchanges.map(({ startedAt, endedAt }) => endedAt - startedAt));
      expect(longest).to.be.below(deadlines.request);
      // Half of them, for the tests keep the processor busy, too.
      const typical = times[Math.floor(times.length / 2)]!;
      expect(typical).to.be.below(deadlines.live);
      expect(await load.lostWrites()).to.deep.equal({ creates: 0, updates: 0 });
      report(
        `longest request ${longest} ms; /livez ${typical.toFixed(1)} ms (median), ${times.at(-1)?.toFixed(1)} ms at most`,
        `served again after ${recovery} ms; ${load.acknowledgedWrites} writes acknowledged, none lost`,
      );
    });
  }

  it('has a long round trip, everything works', async () => {
    proxy.slowDown(150);
    for (const { status } of await callEveryEndpoint(server, users[0]!)) expect(status).to.be.below(500);
  });
});
