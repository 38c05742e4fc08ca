import { expect } from 'chai';
import type { Storage } from '../../../src/application/ports/storage.js';
import { readConfig } from '../../../src/config/config.js';
import { createStorage } from '../../../src/create-storage.js';
import { addUser } from '../../../src/storage-contract/builders.js';
import { RecordedLog } from '../../support/recorded-log.js';
import { RedisServer } from '../../support/redis-server.js';
import { testEnvironment } from '../../support/running-server.js';
import { SettableClock } from '../../../src/storage-contract/settable-clock.js';
import { stopAfterEach } from '../../support/stop-after-each.js';
import { TlsCertificates } from '../../support/tls-certificates.js';
import { waitForStorage } from '../../support/wait-for-storage.js';

describe('Redis storage over TLS', () => {
  const stopped = stopAfterEach();
  let log: RecordedLog;
  let ours: TlsCertificates;
  let others: TlsCertificates;

  before(() => {
    ours = new TlsCertificates();
    others = new TlsCertificates();
  });
  after(async () => {
    await ours.stop();
    await others.stop();
  });
  beforeEach(() => {
    log = new RecordedLog();
  });

  async function open(environment: Readonly<Record<string, string>>): Promise<Storage> {
    const { storage } = readConfig({ ...testEnvironment, STORAGE: 'redis', ...environment });
    const opened = await createStorage(storage, { clock: new SettableClock().now, log });
    stopped({ stop: () => opened.close() });
    return opened;
  }

  const start = async (altName: string, ...args: string[]): Promise<RedisServer> =>
    stopped(await RedisServer.start({ tls: ours.serverFor(altName), args }));

  it('connects with a certificate on both sides', async () => {
    const { url } = await start('IP:127.0.0.1');
    await addUser(await waitForStorage(await open({ ...ours.environment, REDIS_URL: url })));
  });

  it('connects without a client certificate if Redis asks for none', async () => {
    const { url } = await start('IP:127.0.0.1', '--tls-auth-clients', 'no');
    const { REDIS_TLS_CA_FILE } = ours.environment as { REDIS_TLS_CA_FILE: string };
    await addUser(await waitForStorage(await open({ REDIS_TLS_CA_FILE, REDIS_URL: url })));
  });

  it('connects to a server with a certificate for another name, if that is set', async () => {
    const { url } = await start('DNS:redis.internal');
    const REDIS_TLS_SERVERNAME = 'redis.internal';
    await addUser(
      await waitForStorage(await open({ ...ours.environment, REDIS_TLS_SERVERNAME, REDIS_URL: url })),
    );
  });

  it('also works for writes that wait for replicas, which there are none of', async () => {
    const { url } = await start('IP:127.0.0.1');
    const storage = await open({ ...ours.environment, REDIS_WAIT_REPLICAS: '1', REDIS_URL: url });
    const { reasons } = await (await waitForStorage(storage)).check();
    expect(reasons.join()).to.contain('(no replica)');
  });

  /** Settings with which no connection is possible, and the advice in the log. */
  const rejected: Readonly<
    Record<string, { altName?: string; settings: () => Readonly<Record<string, string>>; advice: string }>
  > = {
    'a certificate of an unknown authority': {
      settings: () => ({ ...ours.environment, REDIS_TLS_CA_FILE: others.ca.cert }),
      advice: 'Its certificate is not trusted: check REDIS_TLS_CA_FILE.',
    },
    'a certificate of an authority that Node does not know': {
      settings: () => ({}),
      advice: 'Its certificate is not trusted: check REDIS_TLS_CA_FILE.',
    },
    'a certificate for another name': {
      altName: 'DNS:redis.internal',
      settings: () => ours.environment,
      advice: 'Its certificate is for another name: check REDIS_URL, or set REDIS_TLS_SERVERNAME.',
    },
    'no certificate of ours where one is asked for': {
      settings: () => ({ REDIS_TLS_CA_FILE: ours.ca.cert }),
      advice: 'It refuses the connection: check REDIS_TLS_CERT_FILE and REDIS_TLS_KEY_FILE.',
    },
    'a certificate of ours that is not trusted': {
      settings: () => ({ ...others.environment, REDIS_TLS_CA_FILE: ours.ca.cert }),
      advice: 'It refuses the connection: check REDIS_TLS_CERT_FILE and REDIS_TLS_KEY_FILE.',
    },
  };
  for (const [what, { altName = 'IP:127.0.0.1', settings, advice }] of Object.entries(rejected)) {
    it(`rejects ${what}, and logs what to do`, async () => {
      const { url } = await start(altName);
      const storage = await open({ ...settings(), REDIS_URL: url });
      await log.waitFor(advice);
      const failure: unknown = await storage.check().catch((error: unknown) => error);
      expect(failure).to.have.property('advice', advice);
    });
  }

  it('logs what to do if Redis does not speak TLS', async () => {
    const { url } = stopped(await RedisServer.start());
    await open({ ...ours.environment, REDIS_URL: url.replace('redis:', 'rediss:') });
    await log.waitFor('check REDIS_URL, and whether it speaks TLS (rediss://) or not.');
  });
});
