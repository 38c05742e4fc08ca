import { performance } from 'node:perf_hooks';
import { Command, type Redis } from 'ioredis';
import { StorageUnavailable } from '../../../application/ports/storage.js';
import { onEachConnection, type RedisClient } from './redis-client.js';

/** Milliseconds in which replicas must confirm a write. */
const timeout = 500;

/**
 * Milliseconds for which a replica that has left still counts. In a failover, the replica that becomes the master
 * leaves first, and the old master goes on for a moment: writes that only other replicas confirm then are lost.
 */
const departureTime = 3_000;

/** How many replicas have confirmed a write, and how many must. */
interface Confirmation {
  readonly confirmed: number;
  readonly wanted: number;
}

const unconfirmed: Confirmation = { confirmed: 0, wanted: 1 };

/**
 * Sends commands that write, and waits until enough replicas have confirmed the write.
 *
 * WAIT confirms the writes of its own connection. So it is sent over the connection on which the command reached its
 * server, after any redirections; if that connection is lost, nothing is confirmed. WAIT also blocks the commands
 * behind it on its connection, so the client should be used for nothing else.
 */
export class ReplicatedWriter {
  private readonly servers = new WeakMap<object, Server>();

  /** `wanted` is a number of replicas, or 'all' that the master counts as online, but at least one. */
  constructor(
    private readonly client: RedisClient,
    wanted: number | 'all',
  ) {
    onEachConnection(client, (connection) =>
      connection.on('connect', () => this.servers.set(connection.stream, new Server(connection, wanted))),
    );
  }

  /**
   * Resolves to the reply when enough replicas have what the command wrote. Otherwise rejects with StorageUnavailable.
   */
  async execute(name: string, args: readonly (string | number)[]): Promise<unknown> {
    const command = new TracedCommand(name, [...args], { replyEncoding: 'utf8' });
    const reply = await this.client.sendCommand(command);
    const { confirmed, wanted } = (await this.servers.get(command.socket)?.confirmation()) ?? unconfirmed;
    if (confirmed < wanted) throw new StorageUnavailable(confirmed === 0 ? 'no replica' : 'too few replicas');
    return reply;
  }
}

/** A command that knows the last socket it was sent over: on a Cluster, redirections send it to several servers. */
class TracedCommand extends Command {
  socket: object = this;

  override toWritable(socket: object): string | Buffer {
    this.socket = socket;
    return super.toWritable(socket);
  }
}

/** A server, during one connection to it. */
class Server {
  private readonly socket: object;
  private waiting: Promise<unknown> = Promise.resolve();
  private next: Promise<Confirmation> | undefined;
  /** How many replicas were online, and since when there are fewer. */
  private known = 0;
  private missingSince: number | undefined;

  constructor(
    private readonly connection: Redis,
    private readonly wanted: number | 'all',
  ) {
    this.socket = connection.stream;
  }

  /**
   * How many replicas have everything that was written over this connection until now. One WAIT runs at a time;
   * concurrent callers share the next one.
   */
  confirmation(): Promise<Confirmation> {
    this.next ??= this.waiting.then(() => {
      this.next = undefined;
      const confirmation = this.wait();
      this.waiting = confirmation.catch(() => undefined);
      return confirmation;
    });
    return this.next;
  }

  private async wait(): Promise<Confirmation> {
    if (this.connection.stream !== this.socket) return unconfirmed;
    if (this.wanted !== 'all') {
      return { confirmed: await this.connection.wait(this.wanted, timeout), wanted: this.wanted };
    }
    // Both are pipelined. A second round trip is needed only if there are more replicas than last time.
    const expected = Math.max(1, this.known);
    const [info, confirmed] = await Promise.all([
      this.connection.info('replication'),
      this.connection.wait(expected, timeout),
    ]);
    const wanted = this.replicasOnline(info);
    return {
      confirmed: wanted > expected ? await this.connection.wait(wanted, timeout) : confirmed,
      wanted,
    };
  }

  /** How many replicas must confirm a write: at least one. */
  private replicasOnline(info: string): number {
    const now = performance.now();
    const online = info.match(/^slave\d+:.*state=online/gm)?.length ?? 0;
    if (online < this.known) this.missingSince ??= now;
    if (online >= this.known || now - (this.missingSince ?? now) > departureTime) {
      this.known = online;
      this.missingSince = undefined;
    }
    return Math.max(1, this.known);
  }
}
