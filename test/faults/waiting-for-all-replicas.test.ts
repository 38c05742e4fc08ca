import { expect } from 'chai';
import { StorageUnavailable, type Storage } from '../../src/application/ports/storage.js';
import { RecordedLog } from '../support/recorded-log.js';
import { command, infoOf } from '../support/redis-command.js';
import { RedisServer } from '../support/redis-server.js';
import { openRedisStorage } from '../support/redis-storage.js';
import { SettableClock } from '../../src/storage-contract/settable-clock.js';
import { stopAfterEach } from '../support/stop-after-each.js';
import { waitFor } from '../support/wait-for.js';

/** Milliseconds for which a replica that has left still counts, and those that noticing it takes. */
const farewell = { atLeast: 2_900, atMost: 6_000 };

describe('a write that waits for all replicas', () => {
  const stopped = stopAfterEach();
  let master: RedisServer;
  let storage: Storage;

  beforeEach(async () => {
    master = stopped(await RedisServer.start({ args: ['--repl-diskless-sync-delay', '0'] }));
  });

  async function open(): Promise<void> {
    const options = { clock: new SettableClock().now, log: new RecordedLog() };
    storage = await openRedisStorage(master, options, { replicasToWaitFor: 'all' });
    stopped({ stop: () => storage.close() });
  }

  /** Starts a replica; resolves once the master counts it as online. */
  async function addReplica(): Promise<RedisServer> {
    const online = await replicasOnline();
    const args = ['--replicaof', '127.0.0.1', String(master.port)];
    const replica = stopped(await RedisServer.start({ args }));
    await waitFor('it is online', async () => (await replicasOnline()) > online);
    return replica;
  }

  async function replicasOnline(): Promise<number> {
    const info = await infoOf(master, 'INFO', 'replication');
    return [...info].filter(([name, value]) => /^slave\d+$/.test(name) && value.includes('state=online'))
      .length;
  }

  /** Writes; returns undefined, or why that was rejected. */
  const write = (): Promise<string | undefined> =>
    storage.rateLimiter.trust('key', 60).then(
      () => undefined,
      (error: unknown) => (error instanceof StorageUnavailable ? error.reason : 'another error'),
    );

  /** A replica that has just come may take its time. */
  const untilConfirmed = () => waitFor('writes are confirmed', async () => (await write()) === undefined);

  it('fails while there is none, is confirmed by one, and by a second that joins later', async () => {
    await open();
    expect(await write()).to.equal('no replica');
    await addReplica();
    await untilConfirmed();
    const second = await addReplica();
    await untilConfirmed();
    second.freeze();
    expect(await write()).to.equal('too few replicas');
    second.resume();
    await untilConfirmed();
    expect(await command(second, 'DBSIZE')).to.equal(await command(master, 'DBSIZE'));
  });

  it('fails for three seconds after one of two has left, and is then confirmed by the other', async () => {
    const [first] = [await addReplica(), await addReplica()];
    await open();
    await untilConfirmed();
    await first.kill();
    await waitFor('the master has noticed', async () => (await replicasOnline()) === 1);
    const leftAt = performance.now();
    expect(await write()).to.equal('too few replicas');
    await untilConfirmed();
    expect(performance.now() - leftAt).to.be.within(farewell.atLeast, farewell.atMost);
  });
});
