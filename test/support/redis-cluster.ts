import type { RedisSettings } from '../../src/adapters/redis/connection/redis-settings.js';
import { command, connected, infoOf } from './redis-command.js';
import { RedisServer } from './redis-server.js';
import type { ServerTls } from './tls-certificates.js';
import { waitFor } from './wait-for.js';

const slots = 16_384;
const masters = 3;

/** Milliseconds after which a node that does not respond counts as failing. */
const nodeTimeout = 1_000;

const settings = {
  'cluster-enabled': 'yes',
  'cluster-node-timeout': String(nodeTimeout),
  // With the default, one master away would be the whole cluster away.
  'cluster-require-full-coverage': 'no',
  // A replica stays with its master, so that each test finds the cluster as it was.
  'cluster-allow-replica-migration': 'no',
  // With the defaults, replicas wait five seconds before they are in sync, and ten before they count.
  'repl-diskless-sync-delay': '0',
  'repl-ping-replica-period': '1',
};
const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);

/** A Redis Cluster of a test's own: six processes on this machine, three masters with a replica each. */
export class RedisCluster {
  private constructor(readonly nodes: readonly RedisServer[]) {}

  /** Resolves once all slots are served and every replica is in sync. */
  static async start(tls?: ServerTls): Promise<RedisCluster> {
    const options = { args, ...(tls && { tls }) };
    const nodes = await Promise.all(Array.from({ length: 2 * masters }, () => RedisServer.start(options)));
    const cluster = new RedisCluster(nodes);
    try {
      await cluster.form();
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  /** All nodes, as REDIS_URL names them. */
  get url(): string {
    const scheme = this.nodes[0]?.tls ? 'rediss' : 'redis';
    return `${scheme}://${this.nodes.map(({ port }) => `127.0.0.1:${port}`).join()}`;
  }

  get settings(): RedisSettings {
    const hosts = this.nodes.map(({ port }) => ({ host: '127.0.0.1', port }));
    return { mode: 'cluster', hosts, tls: false, database: 0, keyPrefix: 'test:', replicasToWaitFor: 0 };
  }

  /** The node that serves the key's slot now. */
  async masterOf(key: string): Promise<RedisServer> {
    return this.ownerOf(await this.slotOf(key));
  }

  /** The node that replicates this one. */
  async replicaOf(master: RedisServer): Promise<RedisServer> {
    const id = await idOf(master);
    const lines = String(await command(master, 'CLUSTER', 'NODES')).split('\n');
    const ports = lines.filter((line) => line.split(' ')[3] === id).map(portIn);
    const replica = this.nodes.find(({ port }) => ports.includes(port));
    if (!replica) throw new Error('the master has no replica');
    return replica;
  }

  /**
   * Takes a replica's link to its master away for as long as something is done. Nothing that the master writes meanwhile
   * reaches it.
   */
  async withReplicaCutOff<T>(master: RedisServer, during: () => Promise<T>): Promise<T> {
    const replica = await this.replicaOf(master);
    replica.freeze();
    try {
      await command(master, 'CLIENT', 'KILL', 'TYPE', 'replica');
      return await during();
    } finally {
      replica.resume();
    }
  }

  /** Resolves once a replica has become a master. */
  async untilPromoted(replica: RedisServer): Promise<void> {
    await waitFor('the replica has become a master', async () => (await roleOf(replica)) === 'master');
  }

  /**
   * Moves the key's slot to another master, its keys first, as resharding does; returns how many keys that were. What is
   * to be done `meanwhile` is done when all keys have moved, and the slot has not.
   */
  async migrateSlotOf(
    key: string,
    meanwhile: (target: RedisServer) => Promise<void> = async () => undefined,
  ): Promise<number> {
    const slot = await this.slotOf(key);
    const source = await this.ownerOf(slot);
    const others = (await this.mastersNow()).filter((node) => node !== source);
    const [target] = others;
    if (!target) throw new Error('there is no other master');
    const [sourceId, targetId] = await Promise.all([idOf(source), idOf(target)]);
    await command(target, 'CLUSTER', 'SETSLOT', String(slot), 'IMPORTING', sourceId);
    await command(source, 'CLUSTER', 'SETSLOT', String(slot), 'MIGRATING', targetId);
    let moved = 0;
    for (;;) {
      const keys = (await command(source, 'CLUSTER', 'GETKEYSINSLOT', String(slot), '10')) as string[];
      if (keys.length === 0) break;
      await command(source, 'MIGRATE', '127.0.0.1', String(target.port), '', '0', '5000', 'KEYS', ...keys);
      moved += keys.length;
    }
    await meanwhile(target);
    for (const node of [target, source, ...others]) {
      await command(node, 'CLUSTER', 'SETSLOT', String(slot), 'NODE', targetId);
    }
    return moved;
  }

  /** Starts a node that was killed; resolves once it is the replica of whoever has taken its place, and in sync. */
  async restart(node: RedisServer): Promise<void> {
    await node.restart();
    await waitFor('the node that was restarted is a replica', async () => (await roleOf(node)) === 'slave');
    await this.settled();
  }

  /** Resolves once the replicas have all that was written until now. */
  async untilReplicated(): Promise<void> {
    for (const master of await this.mastersNow())
      await waitFor('the replica has everything', () => isReplicated(master));
  }

  /** How often any of the nodes has rejected a command with this code. */
  async refusals(code: string): Promise<number> {
    const stats = await Promise.all(this.nodes.map((node) => infoOf(node, 'INFO', 'errorstats')));
    const counts = stats.map((each) => Number(each.get(`errorstat_${code}`)?.replace('count=', '') ?? 0));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
  }

  private async form(): Promise<void> {
    const [first] = this.nodes as readonly [RedisServer, ...RedisServer[]];
    const share = Math.ceil(slots / masters);
    await Promise.all(
      this.nodes.map((node, index) => command(node, 'CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1))),
    );
    for (const [index, node] of this.nodes.slice(0, masters).entries()) {
      const own = Array.from({ length: Math.min(share, slots - index * share) }, (_, i) => index * share + i);
      await command(node, 'CLUSTER', 'ADDSLOTS', ...own.map(String));
    }
    // Everybody meets everybody, for gossip takes seconds to get around.
    for (const node of this.nodes) {
      for (const { port } of this.nodes) await command(node, 'CLUSTER', 'MEET', '127.0.0.1', String(port));
    }
    await this.each('all nodes know one another', async (node) => {
      const lines = String(await command(node, 'CLUSTER', 'NODES'))
        .trim()
        .split('\n');
      return lines.length === this.nodes.length && !lines.some((line) => line.includes('handshake'));
    });
    for (const [index, replica] of this.nodes.slice(masters).entries()) {
      const master = this.nodes[index] ?? first;
      await command(replica, 'CLUSTER', 'REPLICATE', await idOf(master));
    }
    await this.settled();
  }

  /** Resolves once every node sees all slots served, and three replicas in sync. */
  private async settled(): Promise<void> {
    await this.each('every node sees all slots served', async (node) => {
      const info = await infoOf(node, 'CLUSTER', 'INFO');
      return info.get('cluster_state') === 'ok' && info.get('cluster_slots_ok') === String(slots);
    });
    await this.each('every node knows who replicates whom', async (node) => {
      const shards = (await command(node, 'CLUSTER', 'SLOTS')) as unknown[][];
      return shards.every((shard) => shard.length === 4);
    });
    await waitFor('all replicas are in sync', async () => {
      const infos = await Promise.all(this.nodes.map(replicationOf));
      // A replica that has not acknowledged anything yet is not sent anything either.
      return (
        infos.filter((info) => /state=online,offset=[1-9]/.test(info.get('slave0') ?? '')).length === masters
      );
    });
  }

  private async each(what: string, condition: (node: RedisServer) => Promise<boolean>): Promise<void> {
    await Promise.all(this.nodes.map((node) => waitFor(what, () => condition(node))));
  }

  private async slotOf(key: string): Promise<number> {
    const [node] = await this.mastersNow();
    if (!node) throw new Error('no node responds');
    return Number(await command(node, 'CLUSTER', 'KEYSLOT', key));
  }

  private async ownerOf(slot: number): Promise<RedisServer> {
    const owners = await Promise.all(
      (await this.mastersNow()).map(async (node) => ({ node, owns: await owns(node, slot) })),
    );
    const owner = owners.find(({ owns: isOwner }) => isOwner);
    if (!owner) throw new Error(`nobody serves the slot ${slot}`);
    return owner.node;
  }

  private async mastersNow(): Promise<RedisServer[]> {
    const roles = await Promise.all(this.nodes.map(roleOf));
    return this.nodes.filter((_, index) => roles[index] === 'master');
  }
}

async function idOf(node: RedisServer): Promise<string> {
  return String(await command(node, 'CLUSTER', 'MYID'));
}

function replicationOf(node: RedisServer): Promise<Map<string, string>> {
  return infoOf(node, 'INFO', 'replication');
}

async function isReplicated(master: RedisServer): Promise<boolean> {
  return connected(master, async (redis) => {
    await redis.ping(); // WAIT goes by what was written before the last command of its connection.
    return (await redis.wait(1, 1_000)) > 0;
  });
}

async function roleOf(node: RedisServer): Promise<string | undefined> {
  return (await replicationOf(node)).get('role');
}

async function owns(node: RedisServer, slot: number): Promise<boolean> {
  const ranges = (await command(node, 'CLUSTER', 'SLOTS')) as [number, number, [string, number, string]][];
  const range = ranges.find(([from, to]) => from <= slot && slot <= to);
  return range?.[2][1] === node.port;
}

/** The port in a line of CLUSTER NODES: `id host:port@bus flags …`. */
function portIn(line: string): number {
  return Number(/:(\d+)@/.exec(line)?.[1]);
}
