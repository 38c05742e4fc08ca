import { command, infoOf } from './redis-command.js';
import { RedisServer } from './redis-server.js';
import { waitFor } from './wait-for.js';

const name = 'hexado';

/** Milliseconds after which sentinels consider a master down that does not respond. */
const downAfter = 1_000;

function three<T>(start: () => Promise<T>): Promise<T[]> {
  return Promise.all([start(), start(), start()]);
}

/** A master with two replicas, and three sentinels who watch over them: processes of a test's own on this machine. */
export class RedisSentinels {
  private constructor(
    /** The first master. */
    readonly master: RedisServer,
    private readonly replicas: readonly RedisServer[],
    private readonly sentinels: readonly RedisServer[],
  ) {}

  /** Resolves once every sentinel knows the others and both replicas, and the replicas are in sync. */
  static async start(): Promise<RedisSentinels> {
    const args = ['--repl-diskless-sync-delay', '0', '--repl-ping-replica-period', '1'];
    const [master, ...replicas] = (await three(() => RedisServer.start({ args }))) as [
      RedisServer,
      ...RedisServer[],
    ];
    const sentinels = await three(() => RedisServer.start({ sentinel: [] }));
    const all = new RedisSentinels(master, replicas, sentinels);
    try {
      await all.form();
      return all;
    } catch (error) {
      await all.stop();
      throw error;
    }
  }

  /** What a server needs to find the master. */
  get environment(): Record<string, string> {
    const hosts = this.sentinels.map(({ port }) => `127.0.0.1:${port}`);
    return {
      STORAGE: 'redis',
      REDIS_MODE: 'sentinel',
      REDIS_SENTINEL_NAME: name,
      REDIS_URL: `redis://${hosts.join()}`,
    };
  }

  /**
   * Has a replica take the master's place, as before maintenance; resolves once it has both others as replicas, in sync,
   * and all sentinels know.
   */
  async failOver(): Promise<void> {
    const [sentinel] = this.sentinels as [RedisServer];
    const before = await this.masterPort(sentinel);
    await command(sentinel, 'SENTINEL', 'FAILOVER', name);
    await waitFor('all sentinels have another master', async () => {
      const ports = await Promise.all(this.sentinels.map((each) => this.masterPort(each)));
      return ports.every((port) => port !== before && port === ports[0]);
    });
    const port = await this.masterPort(sentinel);
    const master = [this.master, ...this.replicas].find((each) => String(each.port) === port);
    await waitFor('both others are in sync', () => hasReplicas(master!), { timeout: 60_000 });
    await waitFor('all sentinels know the replicas', async () => {
      const views = await Promise.all(this.sentinels.map((each) => infoOf(each, 'INFO', 'sentinel')));
      return views.every((view) => view.get('master0')?.includes('status=ok'));
    });
  }

  private async masterPort(sentinel: RedisServer): Promise<string> {
    const address = await command(sentinel, 'SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name);
    return String((address as string[])[1]);
  }

  /** Resolves once the first master replicates another one, in sync. */
  async untilDemoted(): Promise<void> {
    await waitFor('the first master is a replica', async () => {
      const info = await infoOf(this.master, 'INFO', 'replication');
      return info.get('role') === 'slave' && info.get('master_link_status') === 'up';
    });
  }

  async stop(): Promise<void> {
    await Promise.all([this.master, ...this.replicas, ...this.sentinels].map((server) => server.stop()));
  }

  private async form(): Promise<void> {
    const port = String(this.master.port);
    for (const replica of this.replicas) await command(replica, 'REPLICAOF', '127.0.0.1', port);
    await waitFor('both replicas are in sync', () => hasReplicas(this.master));
    for (const sentinel of this.sentinels) {
      await command(sentinel, 'SENTINEL', 'MONITOR', name, '127.0.0.1', port, '2');
      const settings = ['down-after-milliseconds', String(downAfter), 'failover-timeout', '5000'];
      await command(sentinel, 'SENTINEL', 'SET', name, ...settings);
    }
    await waitFor('all sentinels know one another and the replicas', async () => {
      const views = await Promise.all(this.sentinels.map((sentinel) => infoOf(sentinel, 'INFO', 'sentinel')));
      return views.every((view) =>
        view.get('master0')?.endsWith('status=ok,address=127.0.0.1:' + port + ',slaves=2,sentinels=3'),
      );
    });
  }
}

/** Whether two replicas are in sync with the master. */
async function hasReplicas(master: RedisServer): Promise<boolean> {
  const info = await infoOf(master, 'INFO', 'replication');
  return ['slave0', 'slave1'].every((slave) => /state=online,offset=[1-9]/.test(info.get(slave) ?? ''));
}
