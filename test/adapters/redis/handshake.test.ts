import { setImmediate } from 'node:timers/promises';
import { expect } from 'chai';
import type { RedisSettings } from '../../../src/adapters/redis/connection/redis-settings.js';
import { createStorage } from '../../../src/adapters/redis/create-storage.js';
import type { Storage } from '../../../src/application/ports/storage.js';
import { addUser } from '../../../src/storage-contract/builders.js';
import { everyCall, expectUnavailable } from '../../support/every-call.js';
import { RecordedLog } from '../../support/recorded-log.js';
import { command, infoOf } from '../../support/redis-command.js';
import { RedisServer } from '../../support/redis-server.js';
import { settingsFor } from '../../support/redis-storage.js';
import { repeatedly } from '../../support/repeatedly.js';
import { signingKey } from '../../support/running-server.js';
import { run } from '../../support/server-process.js';
import { SettableClock } from '../../../src/storage-contract/settable-clock.js';
import { stopAfterEach } from '../../support/stop-after-each.js';
import { waitFor } from '../../support/wait-for.js';

describe('Redis storage in a database that Redis does not let it select', () => {
  const stopped = stopAfterEach();
  const clock = new SettableClock();
  let log: RecordedLog;
  let server: RedisServer;

  beforeEach(async () => {
    log = new RecordedLog();
    server = stopped(await RedisServer.start());
  });

  async function open(given: Partial<RedisSettings>): Promise<Storage> {
    const storage = await createStorage({
      clock: clock.now,
      log,
      redis: { ...settingsFor(server), ...given },
    });
    stopped({ stop: () => storage.close() });
    return storage;
  }

  /** The number of keys in each database that has keys. */
  const keyspace = async () => Object.fromEntries(await databases(server));

  it('rejects every call, and logs the reason once', async () => {
    const storage = await open({ database: 99 });
    for (const call of Object.values(everyCall(storage, clock))) await expectUnavailable(call());
    expect(log.lines.map(({ message }) => message)).to.deep.equal([
      'Redis is unavailable (no such database); requests get 503 until it is back. It has no database of the number in REDIS_URL.',
    ]);
    expect(await keyspace()).to.deep.equal({});
  });

  for (const replicasToWaitFor of [0, 1]) {
    it(`writes to no other one at any moment of a reconnect, waiting for ${replicasToWaitFor} replicas`, async () => {
      const storage = await open({ database: 5, replicasToWaitFor });
      await command(server, 'ACL', 'SETUSER', 'default', '-select');
      let users = 0;
      await repeatedly(async () => {
        await addUser(storage, { username: `user${++users}` }).catch(() => undefined);
        await setImmediate();
      }, rejectAndAllow());
      expect(Object.keys(await keyspace())).to.deep.equal(['db5']);
    });
  }

  /** Makes Redis reject SELECT at three reconnects, several times each, and then allow it. */
  async function rejectAndAllow(): Promise<void> {
    for (const connections of [1, 2, 3]) {
      await command(server, 'CLIENT', 'KILL', 'TYPE', 'normal');
      const isRejected = async () => (await selectsRefused(server)) >= 4 * connections;
      await waitFor('the database has been rejected several times', isRejected);
    }
    expect(log.messages('(NOPERM); requests get 503')).to.have.length(1);
    await command(server, 'ACL', 'SETUSER', 'default', '+select');
    await log.waitFor('Redis is available again.');
  }

  it("fails an operator's command with the reason, and leaves the other databases alone", async () => {
    const environment = { STORAGE: 'redis', REDIS_URL: `${server.url}/99`, SIGNING_KEY: signingKey };
    const ending = await run(['user', 'create', 'grace'], { environment, input: 'correct-horse-battery\n' });
    expect(ending.code).to.equal(69);
    expect(ending.stderr).to.equal(
      'hexado: The storage does not answer (no such database). It has no database of the number in REDIS_URL.\n',
    );
    expect(await keyspace()).to.deep.equal({});
  });
});

async function databases(server: RedisServer): Promise<[string, string][]> {
  return [...(await infoOf(server, 'INFO', 'keyspace'))].filter(([name]) => name.startsWith('db'));
}

async function selectsRefused(server: RedisServer): Promise<number> {
  const stats = (await infoOf(server, 'INFO', 'commandstats')).get('cmdstat_select') ?? '';
  return Number(/rejected_calls=(\d+)/.exec(stats)?.[1] ?? 0);
}
