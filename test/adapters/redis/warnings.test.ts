import { expect } from 'chai';
import type { Storage } from '../../../src/application/ports/storage.js';
import { addUser } from '../../../src/storage-contract/builders.js';
import { RecordedLog } from '../../support/recorded-log.js';
import { command } from '../../support/redis-command.js';
import { durable, RedisServer } from '../../support/redis-server.js';
import { openRedisStorage } from '../../support/redis-storage.js';
import { SettableClock } from '../../../src/storage-contract/settable-clock.js';
import { stopAfterEach } from '../../support/stop-after-each.js';
import { waitFor } from '../../support/wait-for.js';

const evicts =
  'Redis drops data when its memory is full (maxmemory-policy allkeys-lru): set maxmemory-policy to noeviction.';
const forgets = 'Redis keeps nothing on its disk, and a restart loses everything: set appendonly to yes.';

const lags =
  'Redis has only snapshots on its disk, and a crash loses what came after the last one: set appendonly to yes.';

describe('Redis storage on a Redis that may lose data', () => {
  const stopped = stopAfterEach();
  let log: RecordedLog;
  beforeEach(() => {
    log = new RecordedLog();
  });

  const start = async (...args: string[]): Promise<RedisServer> => stopped(await RedisServer.start({ args }));

  async function open(server: RedisServer): Promise<Storage> {
    const storage = await openRedisStorage(server, { clock: new SettableClock().now, log });
    stopped({ stop: () => storage.close() });
    return storage;
  }

  it('warns at the start and in each health check, until the setting is changed', async () => {
    const server = await start('--save', '', '--maxmemory-policy', 'allkeys-lru');
    const storage = await open(server);
    expect((await storage.check()).warnings).to.deep.equal([evicts, forgets]);
    expect(log.lines.map(({ message }) => message)).to.deep.equal([evicts, forgets]);
    await command(server, 'CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
    await warnsOf(storage, [forgets]);
    await command(server, 'CONFIG', 'SET', 'appendonly', 'yes');
    await warnsOf(storage, []);
  });

  it('logs a warning once, however often the client reconnects', async () => {
    const server = await start('--save', '');
    await open(server);
    for (const times of [1, 2]) {
      await server.kill();
      await log.waitFor('Redis is unavailable', times);
      await server.restart();
      await log.waitFor('is available again', times);
    }
    expect(log.messages(forgets)).to.have.length(1);
  });

  it('warns of snapshots without an append-only file', async () => {
    const storage = await open(await start('--save', '3600', '1'));
    expect((await storage.check()).warnings).to.deep.equal([lags]);
    expect(log.lines.map(({ message }) => message)).to.deep.equal([lags]);
  });

  it('does not warn if there is an append-only file', async () => {
    const storage = await open(await start(...durable.args));
    expect((await storage.check()).warnings).to.deep.equal([]);
    expect(log.lines).to.deep.equal([]);
  });

  it('works without warnings if the ACL forbids to inspect Redis', async () => {
    const server = await start('--save', '', '--maxmemory-policy', 'allkeys-lru');
    const storage = await open(server);
    await command(server, 'ACL', 'SETUSER', 'default', '-info', '-config');
    await warnsOf(storage, []);
    await addUser(storage);
  });
});

/** Resolves once these are the warnings: the health check inspects once a second. */
async function warnsOf(storage: Storage, warnings: readonly string[]): Promise<void> {
  await waitFor(
    'it warns of this',
    async () => JSON.stringify((await storage.check()).warnings) === JSON.stringify(warnings),
  );
}
