import { Agent } from 'node:http';
import { availableParallelism } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { expect } from 'chai';
import { BcryptPasswordHasher } from '../../src/adapters/crypto/bcrypt-password-hasher.js';
import { concurrently } from '../../src/storage-contract/concurrency.js';
import { bcryptThreads, comparisonCosts } from '../support/comparison-costs.js';
import { send, type WireResponse } from '../support/http-client.js';
import { RawConnection } from '../support/raw-connection.js';
import { report } from '../support/report.js';
import { RunningServer } from '../support/running-server.js';
import { stopAfterEach } from '../support/stop-after-each.js';
import { waitFor } from '../support/wait-for.js';

const cost = 11;
const password = 'Xk9-fence-Orbit';

/** How many passwords are compared at once. */
const threads = Math.max(1, availableParallelism() - 1);

/** More connections than may wait for their turn: about ten seconds of work, and what is being done. */
const connections = 81 * threads + 5;

/** Milliseconds that an attacker waits after a refusal. */
const pause = 200;

interface Guess {
  readonly address: string;
  readonly username: string;
  readonly password: string;
}

/** What a connection of the attackers sends in each round. */
type Attack = (connection: number, round: number) => Guess;

const guess = (address: string, connection: number, round: number): Guess => ({
  address,
  // Every other name is one that nobody has.
  username: round % 2 === 0 ? `user-${connection % 20}` : `nobody-${connection}-${round}`,
  password: 'a wrong password',
});

const attacks: Readonly<Record<string, Attack>> = {
  'one address': (connection, round) => guess('198.51.100.9', connection, round),
  'fifty IPv6 networks (/64) of one provider': (connection, round) =>
    guess(`2001:db8:${connection % 50}::1`, connection, round),
  'ever new IPv6 networks (/64) of one site': (connection, round) =>
    guess(`2001:db8:9:${((connection + round * connections) % 65_536).toString(16)}::1`, connection, round),
  'the owner of an account, whose sign-ins are right': () => ({
    address: '198.51.100.9',
    username: 'attacker',
    password,
  }),
};

describe('while sign-ins flood the server from', () => {
  const stopped = stopAfterEach();
  let server: RunningServer;

  const signIn = ({ address, ...credentials }: Guess, agent?: Agent): Promise<WireResponse> =>
    send(
      server.port,
      {
        method: 'POST',
        path: '/api/token/',
        headers: { 'Content-Type': 'application/json', 'X-Forwarded-For': address },
        body: JSON.stringify(credentials),
      },
      agent,
    );

  beforeEach(async () => {
    server = stopped(await RunningServer.start({ TRUST_PROXY: '1', BCRYPT_COST: String(cost) }));
    const passwordHash = await new BcryptPasswordHasher(cost, bcryptThreads).hash(password);
    const names = ['attacker', ...Array.from({ length: 20 }, (_, index) => `user-${index}`)];
    for (const username of names) await server.storage.users.add({ username, passwordHash, createdAt: 0 });
  });

  /** Attacks until the work is done; returns how often there was which response. */
  async function during(attack: Attack, work: () => Promise<void>): Promise<Record<number, number>> {
    const agent = new Agent({ keepAlive: true });
    const counts: Record<number, number> = {};
    const over = new AbortController();
    const flood = concurrently(connections, async (connection) => {
      for (let round = 0; !over.signal.aborted; round++) {
        const response = await signIn(attack(connection, round), agent).catch(() => undefined);
        if (response) counts[response.status] = (counts[response.status] ?? 0) + 1;
        if (response?.status !== 401 && response?.status !== 200) await setTimeout(pause);
      }
    });
    // Once somebody was rejected, the queue is full.
    await waitFor('the queue is full', () => counts[503] !== undefined);
    await work();
    over.abort();
    agent.destroy();
    await flood;
    return counts;
  }

  for (const [name, attack] of Object.entries(attacks)) {
    it(`${name}, 19 of 20 right sign-ins from other networks succeed`, async () => {
      // Half of the users have signed in from their network before.
      const right = Array.from({ length: 20 }, (_, index) => ({
        address: index % 4 < 2 ? `203.0.113.${index}` : `2001:db8:f${index}::1`,
        username: `user-${index}`,
        password,
      }));
      for (const each of right.filter((_, index) => index % 2 === 0)) await signIn(each);

      const statuses: number[] = [];
      const seconds: number[] = [];
      const counts = await during(attack, async () => {
        for (const each of right) {
          const startedAt = performance.now();
          statuses.push((await signIn(each)).status);
          seconds.push((performance.now() - startedAt) / 1000);
        }
      });
      const succeeded = statuses.filter((status) => status === 200).length;
      report(
        `${succeeded} of 20 right sign-ins, the slowest in ${Math.max(...seconds).toFixed(1)} s`,
        `the attackers were answered ${JSON.stringify(counts)}`,
      );
      expect(succeeded, statuses.join()).to.be.at.least(19);
    }).timeout(180_000);
  }

  it('two hundred networks, those who have signed in from theirs before get through', async () => {
    const known = { address: '203.0.113.1', username: 'user-1', password };
    await signIn(known);
    const statuses: number[] = [];
    await during(
      (connection, round) => guess(`198.51.100.${connection % 200}`, connection, round),
      async () => {
        for (let i = 0; i < 10; i++) statuses.push((await signIn(known)).status);
      },
    );
    expect(statuses).to.deep.equal(Array(10).fill(200));
  }).timeout(180_000);

  it('clients that reset their connections, nothing is compared for those who have gone', async () => {
    const costs = await comparisonsOf(25 + threads, (connection) => connection.abort());
    expect(costs).to.be.within(1, threads + 5);
  }).timeout(180_000);

  it('clients that close their connections, most of their passwords are not compared', async () => {
    // It looks as if they had closed their side only, so they are waited for a little.
    const count = 80 * threads;
    expect(await comparisonsOf(count, (connection) => connection.finish())).to.be.within(1, count / 2);
  }).timeout(180_000);

  /** How many passwords are compared for clients that sign in and give up at once. */
  async function comparisonsOf(count: number, giveUp: (connection: RawConnection) => void): Promise<number> {
    const body = JSON.stringify({ username: 'user-1', password: 'a wrong password' });
    const request = ['POST /api/token/ HTTP/1.1', 'Host: a', 'Content-Type: application/json'];
    const costs = await comparisonCosts(async () => {
      const gone = await concurrently(count, () => RawConnection.open(server.port));
      for (const each of gone) each.sendRequest([...request, `Content-Length: ${body.length}`], body);
      // Once a later request gets a response, these were read.
      await send(server.port, { method: 'GET', path: '/livez' });
      for (const connection of gone) giveUp(connection);
      await waitFor('all get a response', () => requestsIn(server.log) === count);
    });
    return costs.length;
  }
});

function requestsIn(log: RunningServer['log']): number {
  return log.filter(({ message }) => message === 'request').length;
}
