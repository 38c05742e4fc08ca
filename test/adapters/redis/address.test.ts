import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { readConfig } from '../../../src/config/config.js';
import { createStorage } from '../../../src/create-storage.js';
import { addUser } from '../../../src/storage-contract/builders.js';
import { RecordedLog } from '../../support/recorded-log.js';
import { infoOf } from '../../support/redis-command.js';
import { RedisServer } from '../../support/redis-server.js';
import { testEnvironment } from '../../support/running-server.js';
import { SettableClock } from '../../../src/storage-contract/settable-clock.js';
import { stopAfterEach } from '../../support/stop-after-each.js';
import { waitForStorage } from '../../support/wait-for-storage.js';

describe('Redis storage', () => {
  const stopped = stopAfterEach();

  async function addUserBy(environment: Readonly<Record<string, string>>): Promise<void> {
    const { storage } = readConfig({ ...testEnvironment, STORAGE: 'redis', ...environment });
    const opened = await createStorage(storage, { clock: new SettableClock().now, log: new RecordedLog() });
    stopped({ stop: () => opened.close() });
    await addUser(await waitForStorage(opened));
  }

  it('connects by a Unix socket, to the given database', async () => {
    const redis = stopped(await RedisServer.start());
    await addUserBy({ REDIS_URL: `unix://${redis.socketPath}?db=3` });
    const databases = [...(await infoOf(redis, 'INFO', 'keyspace')).keys()];
    expect(databases.filter((name) => name.startsWith('db'))).to.deep.equal(['db3']);
  });

  it('connects with a password from a file', async () => {
    const redis = stopped(await RedisServer.start({ args: ['--requirepass', 'open sesame'] }));
    const directory = mkdtempSync(join(tmpdir(), 'hexado-password-'));
    stopped({ stop: async () => rmSync(directory, { recursive: true }) });
    const file = join(directory, 'password');
    writeFileSync(file, 'open sesame\n');
    await addUserBy({ REDIS_URL: redis.url, REDIS_PASSWORD_FILE: file });
    await addUserBy({ REDIS_URL: `unix://default@${redis.socketPath}?db=3`, REDIS_PASSWORD_FILE: file });
  });
});
