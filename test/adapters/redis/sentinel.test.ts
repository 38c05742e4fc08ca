import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Storage } from '../../../src/application/ports/storage.js';
import { readConfig } from '../../../src/config/config.js';
import { createStorage } from '../../../src/create-storage.js';
import { addUser } from '../../../src/storage-contract/builders.js';
import { RecordedLog } from '../../support/recorded-log.js';
import { command } from '../../support/redis-command.js';
import { RedisServer } from '../../support/redis-server.js';
import { documentedRules } from '../../support/redis-user.js';
import { signingKey, testEnvironment } from '../../support/running-server.js';
import { run } from '../../support/server-process.js';
import { SettableClock } from '../../../src/storage-contract/settable-clock.js';
import { stopAfterEach } from '../../support/stop-after-each.js';
import { TlsCertificates, type ServerTls } from '../../support/tls-certificates.js';
import { waitForStorage } from '../../support/wait-for-storage.js';

describe('Redis storage by way of a Sentinel', () => {
  const stopped = stopAfterEach();
  let log: RecordedLog;
  beforeEach(() => {
    log = new RecordedLog();
  });

  /** A master named `main` and its Sentinel. `lines` are more lines of the Sentinel's configuration file. */
  async function start(
    lines: readonly string[] = [],
    tls?: ServerTls,
  ): Promise<{ master: RedisServer; environment: Readonly<Record<string, string>> }> {
    const master = stopped(await RedisServer.start({ ...(tls && { tls }) }));
    const watch = `sentinel monitor main 127.0.0.1 ${master.port} 1`;
    const sentinel = stopped(await RedisServer.start({ sentinel: [watch, ...lines], ...(tls && { tls }) }));
    const environment = {
      STORAGE: 'redis',
      REDIS_MODE: 'sentinel',
      REDIS_URL: sentinel.url,
      REDIS_SENTINEL_NAME: 'main',
    };
    return { master, environment };
  }

  async function open(environment: Readonly<Record<string, string>>): Promise<Storage> {
    const { storage } = readConfig({ ...testEnvironment, ...environment });
    const opened = await createStorage(storage, { clock: new SettableClock().now, log });
    stopped({ stop: () => opened.close() });
    return opened;
  }

  it('connects to Sentinel and master with TLS and a client certificate', async () => {
    const certificates = stopped(new TlsCertificates());
    const { master, environment } = await start([], certificates.serverFor('IP:127.0.0.1'));
    await addUser(await waitForStorage(await open({ ...environment, ...certificates.environment })));
    expect(await command(master, 'DBSIZE')).to.be.above(0);
  });

  it('logs that a certificate is not trusted, and that TLS is not spoken', async () => {
    const [ours, others] = [stopped(new TlsCertificates()), stopped(new TlsCertificates())];
    const overTls = (await start([], ours.serverFor('IP:127.0.0.1'))).environment;
    await open({ ...overTls, ...ours.environment, REDIS_TLS_CA_FILE: others.ca.cert });
    await log.waitFor('Its certificate is not trusted: check REDIS_TLS_CA_FILE.');

    log = new RecordedLog();
    await open({ ...overTls, REDIS_URL: overTls['REDIS_URL']!.replace('rediss:', 'redis:') });
    await log.waitFor('no sentinel answers');
  });

  it('authenticates to a Sentinel with a password, or with a user and a password file', async () => {
    const guarded = await start(['requirepass sesame']);
    await addUser(
      await waitForStorage(await open({ ...guarded.environment, REDIS_SENTINEL_PASSWORD: 'sesame' })),
    );

    const file = join(tmpdir(), `hexado-sentinel-${process.pid}`);
    writeFileSync(file, 'open-sesame\n');
    stopped({ stop: async () => rmSync(file) });
    const rules = documentedRules().sentinel.join(' ');
    const { environment } = await start([`user hexado on >open-sesame ${rules}`, 'user default off']);
    const credentials = { REDIS_SENTINEL_USERNAME: 'hexado', REDIS_SENTINEL_PASSWORD_FILE: file };
    await addUser(await waitForStorage(await open({ ...environment, ...credentials })));
  });

  it('logs that a Sentinel rejects the credentials, and never the password', async () => {
    const { environment } = await start(['requirepass sesame']);
    const failures = { NOAUTH: {}, WRONGPASS: { REDIS_SENTINEL_PASSWORD: 'hunter22' } };
    for (const [reason, credentials] of Object.entries(failures)) {
      log = new RecordedLog();
      const storage = await open({ ...environment, ...credentials });
      await log.waitFor(
        `Redis is unavailable (no sentinel answers: ${reason}); requests get 503 until it is back. ` +
          'Check REDIS_SENTINEL_USERNAME and REDIS_SENTINEL_PASSWORD',
      );
      expect(await storage.check().catch((error: { reason: string }) => error.reason)).to.contain(reason);

      const ending = await run(['user', 'list'], {
        environment: { SIGNING_KEY: signingKey, ...environment, ...credentials },
      });
      expect(ending.code).to.equal(69);
      expect(ending.stderr).to.contain(`(no sentinel answers: ${reason}). Check REDIS_SENTINEL_USERNAME`);
      expect(JSON.stringify([log.lines, ending])).not.to.contain('hunter22');
    }
  });

  it('logs that the Sentinels know no master of this name', async () => {
    const { environment } = await start();
    const other = { ...environment, REDIS_SENTINEL_NAME: 'other' };
    await open(other);
    await log.waitFor(
      'Redis is unavailable (no such master); requests get 503 until it is back. The Sentinels know no master of the name in REDIS_SENTINEL_NAME.',
    );
    const ending = await run(['user', 'list'], { environment: { SIGNING_KEY: signingKey, ...other } });
    expect(ending.code).to.equal(69);
    expect(ending.stderr).to.equal(
      'hexado: The storage does not answer (no such master). The Sentinels know no master of the name in REDIS_SENTINEL_NAME.\n',
    );
  });
});
