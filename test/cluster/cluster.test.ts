import { expect } from 'chai';
import { createStorage } from '../../src/adapters/redis/create-storage.js';
import { Keys } from '../../src/adapters/redis/keys.js';
import type { Storage, StorageOptions } from '../../src/application/ports/storage.js';
import { storageContract } from '../../src/storage-contract/storage-contract.js';
import { respondsAsRecorded } from '../adapters/http/recorded-cases.js';
import { claimsOf } from '../support/json-web-token.js';
import { Load, type Exchange } from '../support/load.js';
import { RedisCluster } from '../support/redis-cluster.js';
import type { RedisServer } from '../support/redis-server.js';
import { repeatedly } from '../support/repeatedly.js';
import { report } from '../support/report.js';
import { RunningServer, type SignedIn } from '../support/running-server.js';
import { waitForStorage } from '../support/wait-for-storage.js';

/** How often a master is killed while writes wait for a replica. */
const crashes = Number(process.env['CRASHES'] ?? 10);

/** Milliseconds within which every request gets a response. */
const deadline = 3_000;

/** Milliseconds within which the users of a master that crashed are to be served again, with a node timeout of 1 s. */
const recovery = 4_000;

describe('Redis Cluster', () => {
  let cluster: RedisCluster;
  before(async () => {
    cluster = await RedisCluster.start();
  });
  after(() => cluster.stop());

  const start = (environment: Readonly<Record<string, string>> = {}): Promise<RunningServer> =>
    RunningServer.start({
      STORAGE: 'redis',
      REDIS_MODE: 'cluster',
      REDIS_URL: cluster.url,
      ...environment,
    });

  const masterOf = (user: SignedIn): Promise<RedisServer> => cluster.masterOf(tasksOf(user));

  describe('as a storage', () => {
    let prefixes = 0;
    const open = async (options: StorageOptions): Promise<Storage> =>
      waitForStorage(
        await createStorage({ ...options, redis: { ...cluster.settings, keyPrefix: `test${++prefixes}:` } }),
      );
    storageContract(open);
  });

  describe('behind the recorded cases of the contract', () => respondsAsRecorded(() => start()));

  it('never gets a command with keys of several slots', async () => {
    expect(await cluster.refusals('ERR')).to.be.above(0);
    expect(await cluster.refusals('CROSSSLOT')).to.equal(0);
  });

  describe('under load', () => {
    let server: RunningServer;
    let load: Load;
    let users: SignedIn[];

    afterEach(async () => {
      await load.stop();
      await server.stop();
    });

    /** Starts a server, signs up users until each master has two of them, and lets those two send requests. */
    async function begin(environment: Readonly<Record<string, string>> = {}): Promise<void> {
      server = await start(environment);
      await waitForStorage(server.storage);
      const byMaster = new Map<RedisServer, SignedIn[]>();
      while (byMaster.size < 3 || [...byMaster.values()].some(({ length }) => length < 2)) {
        const user = await server.registerAndSignIn();
        const master = await masterOf(user);
        byMaster.set(master, [...(byMaster.get(master) ?? []), user]);
      }
      users = [...byMaster.values()].flatMap((ofMaster) => ofMaster.slice(0, 2));
      load = new Load(server, users);
      await load.next(users, 4);
      await cluster.untilReplicated();
    }

    async function usersOf(master: RedisServer): Promise<SignedIn[]> {
      const masters = await Promise.all(users.map(masterOf));
      return users.filter((_, index) => masters[index] === master);
    }

    /**
     * Kills a master, and waits until its replica has taken its place. If it is cut off, its users write something more
     * that does not reach the replica before.
     */
    async function crash(master: RedisServer, { cutOff = false } = {}): Promise<void> {
      const affected = await usersOf(master);
      const replica = await cluster.replicaOf(master);
      const cutOffAndKill = (): Promise<void> =>
        cluster.withReplicaCutOff(master, async () => {
          await load.next(affected, 1, isCreate);
          await master.kill();
        });
      await (cutOff ? cutOffAndKill() : master.kill());
      await cluster.untilPromoted(replica);
    }

    it('moves slots from master to master without a failed request', async () => {
      await begin();
      for (const user of users) {
        expect(await cluster.migrateSlotOf(tasksOf(user))).to.be.above(3);
        await load.next([user], 4);
      }
      await load.stop();
      expect(load.outcomes(load.failures)).to.deep.equal({});
      expect(await load.lostWrites()).to.deep.equal({ creates: 0, updates: 0 });
    });

    it('serves other users without interruption when a master crashes, and its own users soon', async () => {
      await begin();
      const master = await masterOf(users[0] as SignedIn);
      const affected = await usersOf(master);
      const crashedAt = Date.now();
      const readiness = await repeatedly(() => server.call('GET', '/readyz'), crash(master));
      await load.next(users, 6);
      await load.stop();

      const others = load.exchanges.filter(
        ({ user, endedAt }) => !affected.includes(user) && endedAt > crashedAt,
      );
      const longest = Math.max(...others.map(({ startedAt, endedAt }) => endedAt - startedAt));
      const backAfter = Math.max(...load.failures.map(({ endedAt }) => endedAt)) - crashedAt;
      report(
        `a master killed: its users were served again after ${backAfter} ms, others waited ${longest} ms at most`,
        `failed during that time: ${JSON.stringify(load.outcomes(load.failures))}`,
        await lossOf(load),
      );
      await cluster.restart(master);

      expect(load.outcomes(others.filter(({ succeeded }) => !succeeded))).to.deep.equal({});
      expect(longest).to.be.below(1_000);
      expect(backAfter).to.be.within(1, recovery);
      expect(new Set(readiness.map(({ status }) => status))).to.deep.equal(new Set([200]));
    });

    it('responds in time to the users of a frozen master, and serves them soon', async () => {
      await begin();
      const master = await masterOf(users[0] as SignedIn);
      const replica = await cluster.replicaOf(master);
      const frozenAt = Date.now();
      master.freeze();
      await cluster.untilPromoted(replica);
      await load.next(users, 6);
      await load.stop();
      await cluster.restart(master);

      const longest = Math.max(...load.exchanges.map(({ startedAt, endedAt }) => endedAt - startedAt));
      const backAfter = Math.max(...load.failures.map(({ endedAt }) => endedAt)) - frozenAt;
      report(
        `a master frozen: its users were served again after ${backAfter} ms, and waited ${longest} ms at most`,
      );
      expect(longest).to.be.below(deadline);
      expect(backAfter).to.be.within(1, recovery);
    });

    it('loses writes that never reached the replica, without REDIS_WAIT_REPLICAS', async () => {
      await begin();
      const master = await masterOf(users[0] as SignedIn);
      await crash(master, { cutOff: true });
      await load.next(users, 4);
      await load.stop();
      report(`a master cut off from its replica and killed: ${await lossOf(load)}`);
      await cluster.restart(master);
      expect((await load.lostWrites()).creates).to.be.above(0);
    });

    it(`loses no acknowledged write in ${crashes} crashes with REDIS_WAIT_REPLICAS=1; the others get 503`, async () => {
      await begin({ REDIS_WAIT_REPLICAS: '1' });
      for (let count = 0; count < crashes; count++) {
        const master = await masterOf(users[count % users.length] as SignedIn);
        await crash(master, { cutOff: count % 2 === 1 });
        await cluster.restart(master);
        await load.next(users, 4);
      }
      await load.stop();
      report(
        `REDIS_WAIT_REPLICAS=1, ${crashes} crashes, every other one of a master cut off: ${await lossOf(load)}`,
        `failed during that time: ${JSON.stringify(load.outcomes(load.failures))}`,
      );
      expect(await load.lostWrites()).to.deep.equal({ creates: 0, updates: 0 });
      expect(new Set(load.failures.map(({ outcome }) => outcome))).to.deep.equal(new Set([503]));
    });
  });
});

/** The key of the user's tasks. */
function tasksOf({ access }: SignedIn): string {
  return new Keys('hexado:').ofUser(Number(claimsOf(access)['user_id'])).tasks;
}

function isCreate({ request }: Exchange): boolean {
  return request.startsWith('POST');
}

async function lossOf(load: Load): Promise<string> {
  const { creates, updates } = await load.lostWrites();
  return `${creates} creates and ${updates} updates lost of ${load.acknowledgedWrites} acknowledged writes`;
}
