import { expect } from 'chai';
import { command } from '../support/redis-command.js';
import { RedisCluster } from '../support/redis-cluster.js';
import { RunningServer } from '../support/running-server.js';
import { stopAfterEach } from '../support/stop-after-each.js';
import { waitFor } from '../support/wait-for.js';
import { waitForStorage } from '../support/wait-for-storage.js';

interface Readiness {
  readonly code: number;
  readonly status: string;
  readonly reasons?: readonly string[];
}

describe('GET /readyz on a Redis Cluster', () => {
  const stopped = stopAfterEach();
  let cluster: RedisCluster;
  let server: RunningServer;

  beforeEach(async () => {
    cluster = stopped(await RedisCluster.start());
    server = stopped(
      await RunningServer.start({ STORAGE: 'redis', REDIS_MODE: 'cluster', REDIS_URL: cluster.url }),
    );
    await waitForStorage(server.storage);
  });

  async function readiness(): Promise<Readiness> {
    const response = await server.call('GET', '/readyz');
    return { code: response.status, ...(response.json() as Omit<Readiness, 'code'>) };
  }

  /** Resolves as soon as the readiness is of this code and has reasons. */
  const degradedWith = (code: number): Promise<Readiness> =>
    waitFor(`it is degraded with ${code}`, async () => {
      const found = await readiness();
      return found.code === code && found.reasons ? found : undefined;
    });

  const linesAbout = (words: string) => server.log.filter(({ message }) => message.includes(words));

  async function killShard(): Promise<void> {
    const master = await cluster.masterOf('any key');
    const replica = await cluster.replicaOf(master);
    await Promise.all([master.kill(), replica.kill()]);
  }

  it('is 200 and "degraded" while one shard is missing, 503 once all are, each with a log line', async () => {
    expect((await readiness()).status).to.equal('ready');
    await killShard();
    const { status, reasons } = await degradedWith(200);
    expect(status).to.equal('degraded');
    expect(reasons).to.have.length(1);
    expect(reasons?.[0]).to.match(/^A shard of the Redis Cluster does not answer \([\w ]+\)\. .+\.|\?$/);
    await waitFor('it is logged', () => linesAbout('Part of the Redis Cluster is unavailable')[0]);

    await Promise.all(cluster.nodes.map((node) => node.kill()));
    await degradedWith(503);
    await waitFor('it is logged', () => linesAbout('Redis is unavailable')[0]);
  });

  it('is 503 and names CLUSTERDOWN while a missing shard takes the whole cluster down', async () => {
    for (const node of cluster.nodes) {
      await command(node, 'CONFIG', 'SET', 'cluster-require-full-coverage', 'yes');
    }
    await killShard();
    const { reasons } = await waitFor('it names CLUSTERDOWN', async () => {
      const found = await degradedWith(503);
      return found.reasons?.[0]?.includes('CLUSTERDOWN') ? found : undefined;
    });
    expect(reasons).to.deep.equal([
      'The storage does not answer (CLUSTERDOWN). Not all slots of the Cluster are served: see CLUSTER INFO.',
    ]);
    expect(server.log.filter(({ fields }) => fields['reason'] === 'CLUSTERDOWN')).not.to.deep.equal([]);
  });
});
