import { setTimeout } from 'node:timers/promises';
import { expect } from 'chai';
import { command } from '../support/redis-command.js';
import { RedisCluster } from '../support/redis-cluster.js';
import { RunningServer } from '../support/running-server.js';
import { stopAfterEach } from '../support/stop-after-each.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { waitForStorage } from '../support/wait-for-storage.js';
import { waitFor } from '../support/wait-for.js';

/** Milliseconds within which both tries of a read are over. */
const deadline = 1_600;

/** Milliseconds without a request after which a connection is idle. */
const idleness = 1_100;

describe('the connections to a Redis Cluster', () => {
  const stopped = stopAfterEach();

  it('fail no read after all of them were silently dropped while idle', async () => {
    const cluster = stopped(await RedisCluster.start());
    const proxies = await Promise.all(
      cluster.nodes.map(async (node) => {
        const proxy = stopped(await TcpProxy.start(node.port));
        await command(node, 'CONFIG', 'SET', 'cluster-announce-bus-port', String(node.port + 10_000));
        await command(node, 'CONFIG', 'SET', 'cluster-announce-port', String(proxy.port));
        return proxy;
      }),
    );
    const announced = new Set(proxies.map(({ port }) => port));
    for (const node of cluster.nodes) {
      await waitFor('all nodes are known by their proxies', async () => {
        const shards = (await command(node, 'CLUSTER', 'SLOTS')) as [number, number, ...[string, number][]][];
        return shards.every(([, , ...nodes]) => nodes.every(([, port]) => announced.has(port)));
      });
    }
    const server = stopped(
      await RunningServer.start({
        STORAGE: 'redis',
        REDIS_MODE: 'cluster',
        REDIS_URL: `redis://${proxies.map(({ port }) => `127.0.0.1:${port}`).join()}`,
      }),
    );
    await waitForStorage(server.storage);
    const users = await Promise.all(Array.from({ length: 6 }, () => server.registerAndSignIn()));
    for (let round = 0; round < 2; round++) {
      await setTimeout(idleness);
      for (const proxy of proxies) proxy.forgetConnections();
      const startedAt = performance.now();
      const responses = await Promise.all(
        users.map(({ access }) => server.call('GET', '/tasks/', undefined, access)),
      );
      expect(performance.now() - startedAt).to.be.below(deadline);
      expect(responses.map(({ status }) => status)).to.deep.equal(users.map(() => 200));
    }
  });
});
