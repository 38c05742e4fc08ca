import { setTimeout } from 'node:timers/promises';
import { expect } from 'chai';
import { callEveryEndpoint } from '../support/every-endpoint.js';
import { freePort } from '../support/free-port.js';
import { Load, type Exchange } from '../support/load.js';
import { durable, PostgresServer, urlAt } from '../support/postgres-server.js';
import { repeatedly } from '../support/repeatedly.js';
import { report } from '../support/report.js';
import type { SignedIn } from '../support/running-server.js';
import { startServerOnPostgres } from '../support/server-on-postgres.js';
import type { ServerProcess } from '../support/server-process.js';
import { stopAfterEach } from '../support/stop-after-each.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { waitFor } from '../support/wait-for.js';

/** Milliseconds within which every request gets a response, and within which service is back once PostgreSQL is. */
const deadlines = { request: 1_500, recovery: 2_000 };

/** How often PostgreSQL is killed. */
const crashes = 5;

/** Milliseconds for which it is out of reach. */
const outage = 3_000;

/** How long the longest of them took, in milliseconds. */
function longest(exchanges: readonly Exchange[]): number {
  return Math.max(...exchanges.map(({ startedAt, endedAt }) => endedAt - startedAt));
}

describe('under load, while PostgreSQL', () => {
  const stopped = stopAfterEach();
  let postgres: PostgresServer;
  let proxy: TcpProxy;
  let server: ServerProcess;
  let users: SignedIn[];
  let load: Load;

  beforeEach(async () => {
    postgres = stopped(await PostgresServer.start({ args: durable }));
    proxy = stopped(await TcpProxy.start(postgres.port));
    server = await startServerOnPostgres(urlAt(proxy.port), stopped);
    users = await Promise.all(Array.from({ length: 20 }, () => server.registerAndSignIn()));
    load = new Load(server, users);
    await load.next(users, 2);
  });

  /** Stops the load, and expects that each failure was a timely 503 and that nothing acknowledged is lost. */
  async function expectNothingLost(): Promise<void> {
    await load.stop();
    expect(load.failures.filter(({ outcome }) => outcome !== 503)).to.deep.equal([]);
    expect(longest(load.exchanges)).to.be.below(deadlines.request);
    expect(await load.lostWrites()).to.deep.equal({ creates: 0, updates: 0 });
    report(`longest request ${longest(load.exchanges)} ms; ${load.acknowledgedWrites} writes acknowledged`);
  }

  /** Resolves to the milliseconds until everybody has been served after now. */
  async function recovery(): Promise<number> {
    const mendedAt = Date.now();
    await load.next(users);
    return Date.now() - mendedAt;
  }

  it('is killed again and again, nothing acknowledged is lost, and service is back soon', async () => {
    const recoveries: number[] = [];
    for (let crash = 0; crash < crashes; crash++) {
      await postgres.kill();
      await load.next(users, 1, ({ outcome }) => outcome === 503);
      await postgres.restart();
      recoveries.push(await recovery());
      await load.next(users, 1);
    }
    await expectNothingLost();
    expect(Math.max(...recoveries)).to.be.below(deadlines.recovery);
    report(`served everybody again after ${recoveries.join(', ')} ms`);
  });

  const faults: Record<string, { readonly begin: () => void; readonly end: () => void }> = {
    'is stopped': { begin: () => postgres.freeze(), end: () => postgres.resume() },
    'is behind a network that swallows everything': {
      begin: () => proxy.holdUp('everything'),
      end: () => proxy.release(),
    },
  };
  for (const [what, { begin, end }] of Object.entries(faults)) {
    it(`${what}, every request gets 503 in time, and service is back soon`, async () => {
      // What is rejected may take place all the same, as soon as PostgreSQL goes on: this user may lose a task.
      const other = await server.registerAndSignIn();
      begin();
      const over = setTimeout(outage);
      const responses = await repeatedly(async () => {
        const startedAt = Date.now();
        const statuses = (await callEveryEndpoint(server, other)).map(({ status }) => status);
        return { statuses: new Set(statuses), time: Date.now() - startedAt };
      }, over);
      end();
      const served = await recovery();
      await expectNothingLost();
      expect(served).to.be.below(deadlines.recovery);
      for (const { statuses } of responses) expect(statuses).to.deep.equal(new Set([503]));
      expect(Math.max(...responses.map(({ time }) => time))).to.be.below(deadlines.request);
      report(`served everybody again after ${served} ms`);
    });
  }

  it('resets all connections, service is back soon', async () => {
    proxy.resetConnections();
    const served = await recovery();
    await expectNothingLost();
    expect(served).to.be.below(deadlines.recovery);
  });

  it('is behind a router that has forgotten all connections, service is back soon', async () => {
    proxy.forgetConnections();
    const served = await recovery();
    await expectNothingLost();
    expect(served).to.be.below(deadlines.recovery);
    report(`served everybody again after ${served} ms`);
  });
});

describe('a server that starts before PostgreSQL', () => {
  const stopped = stopAfterEach();

  it('responds with 503 until PostgreSQL is there, and then serves soon', async () => {
    const port = await freePort();
    const server = await startServerOnPostgres(urlAt(port), stopped);
    expect((await server.call('GET', '/readyz')).status).to.equal(503);
    stopped(await PostgresServer.start({ port }));
    const readyAt = Date.now();
    await waitFor('it is ready', async () => (await server.call('GET', '/readyz')).status === 200);
    expect(Date.now() - readyAt).to.be.below(deadlines.recovery);
    await server.registerAndSignIn();
  });
});
