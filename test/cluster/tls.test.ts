import { expect } from 'chai';
import { readConfig } from '../../src/config/config.js';
import { createStorage } from '../../src/create-storage.js';
import { addUser } from '../../src/storage-contract/builders.js';
import { RecordedLog } from '../support/recorded-log.js';
import { command } from '../support/redis-command.js';
import { RedisCluster } from '../support/redis-cluster.js';
import { documentedRules } from '../support/redis-user.js';
import { testEnvironment } from '../support/running-server.js';
import { SettableClock } from '../../src/storage-contract/settable-clock.js';
import { stopAfterEach } from '../support/stop-after-each.js';
import { TlsCertificates } from '../support/tls-certificates.js';
import { waitForStorage } from '../support/wait-for-storage.js';

describe('a Redis Cluster', () => {
  const stopped = stopAfterEach();

  async function open(log: RecordedLog, environment: Readonly<Record<string, string>>) {
    const { storage } = readConfig({
      ...testEnvironment,
      STORAGE: 'redis',
      REDIS_MODE: 'cluster',
      ...environment,
    });
    const opened = await createStorage(storage, { clock: new SettableClock().now, log });
    stopped({ stop: () => opened.close() });
    return opened;
  }

  it('is used over mutual TLS on all of its masters', async () => {
    const ours = stopped(new TlsCertificates());
    const others = stopped(new TlsCertificates());
    const cluster = stopped(await RedisCluster.start(ours.serverFor('IP:127.0.0.1,DNS:redis.internal')));
    const environment = { ...ours.environment, REDIS_URL: cluster.url };
    const storage = await waitForStorage(await open(new RecordedLog(), environment));
    for (let number = 0; number < 20; number++) await addUser(storage, { username: `user${number}` });
    expect(await storage.check())
      .to.have.property('reasons')
      .that.deep.equals([]);

    const named = await open(new RecordedLog(), { ...environment, REDIS_TLS_SERVERNAME: 'redis.internal' });
    await waitForStorage(named);

    const rejected: Readonly<Record<string, Readonly<Record<string, string>>>> = {
      'Its certificate is not trusted: check REDIS_TLS_CA_FILE.': { REDIS_TLS_CA_FILE: others.ca.cert },
      'Its certificate is for another name': { REDIS_TLS_SERVERNAME: 'another.name' },
      'It refuses the connection: check REDIS_TLS_CERT_FILE': {
        REDIS_TLS_CERT_FILE: others.client.cert,
        REDIS_TLS_KEY_FILE: others.client.key,
      },
    };
    for (const [advice, wrong] of Object.entries(rejected)) {
      const log = new RecordedLog();
      await open(log, { ...environment, ...wrong });
      await log.waitFor(advice);
    }
  });

  it('needs no more ACL rights than docs/operations.md lists', async () => {
    const cluster = stopped(await RedisCluster.start());
    for (const node of cluster.nodes) {
      await command(node, 'ACL', 'SETUSER', 'hexado', 'on', '>sesame', ...documentedRules().redis);
    }
    const log = new RecordedLog();
    const url = cluster.url.replace('//', '//hexado:sesame@');
    const storage = await waitForStorage(await open(log, { REDIS_URL: url, REDIS_WAIT_REPLICAS: 'all' }));
    for (let number = 0; number < 20; number++) {
      const { id } = await addUser(storage, { username: `user${number}` });
      await storage.users.remove(id);
    }
    expect(await storage.check())
      .to.have.property('reasons')
      .that.deep.equals([]);
    for (const node of cluster.nodes) expect(await command(node, 'ACL', 'LOG')).to.deep.equal([]);
  });
});
