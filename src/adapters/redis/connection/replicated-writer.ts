import { performance } from 'node:perf_hooks';
import { Command, type Redis } from 'ioredis';
import { StorageUnavailable } from '../../../application/ports/storage.js';
import { onEachConnection, type RedisClient } from './redis-client.js';

/** Milliseconds that replicas have to confirm a write. */
const patience = 500;

/**
 * Milliseconds for which a replica counts that has left. In a failover, the one that becomes the master leaves first, and
 * the old master goes on for a moment: what only others confirm then gets lost.
 */
const farewell = 3_000;

/** How many replicas have confirmed a write, and how many have to. */
interface Confirmation {
  readonly confirmed: number;
  readonly wanted: number;
}

const unconfirmed: Confirmation = { confirmed: 0, wanted: 1 };

/**
 * Sends commands that write, and tells how many replicas have what they wrote.
 *
 * A server's WAIT goes by the writes of its own connection. It is sent over the very connection by which the command
 * reached its server, after whatever redirections: if that is lost, nothing is confirmed. WAIT also holds up what comes
 * after it on its connection, so the client that is given should be used for nothing else.
 */
export class ReplicatedWriter {
  private readonly servers = new WeakMap<object, Server>();

  /** `wanted` is how many replicas, or 'all' that the master counts as online, at least one. */
  constructor(
    private readonly client: RedisClient,
    wanted: number | 'all',
  ) {
    onEachConnection(client, (connection) =>
      connection.on('connect', () => this.servers.set(connection.stream, new Server(connection, wanted))),
    );
  }

  /** Resolves with the reply when as many replicas as are wanted have what the command wrote; otherwise StorageUnavailable. */
  async execute(name: string, args: readonly (string | number)[]): Promise<unknown> {
    const command = new TracedCommand(name, [...args], { replyEncoding: 'utf8' });
    const reply = await this.client.sendCommand(command);
    const { confirmed, wanted } = (await this.servers.get(command.socket)?.confirmation()) ?? unconfirmed;
    if (confirmed < wanted) throw new StorageUnavailable(confirmed === 0 ? 'no replica' : 'too few replicas');
    return reply;
  }
}

/** A command that knows by which socket it left last: on a Cluster, redirections send it to one server after another. */
class TracedCommand extends Command {
  socket: object = this;

  override toWritable(socket: object): string | Buffer {
    this.socket = socket;
    return super.toWritable(socket);
  }
}

/** A server, as long as one connection to it lasts. */
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
   * How many replicas have all that was written over this connection until now. One WAIT is under way at a time; all who
   * ask meanwhile share the next one.
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
      return { confirmed: await this.connection.wait(this.wanted, patience), wanted: this.wanted };
    }
    // Both leave together. Only a replica that has come since the last time takes another round trip.
    const expected = Math.max(1, this.known);
    const [info, confirmed] = await Promise.all([
      this.connection.info('replication'),
      this.connection.wait(expected, patience),
    ]);
    const wanted = this.replicasOnline(info);
    return {
      confirmed: wanted > expected ? await this.connection.wait(wanted, patience) : confirmed,
      wanted,
    };
  }

  /** How many replicas must confirm a write: at least one. */
  private replicasOnline(info: string): number {
    const now = performance.now();
    const online = info.match(/^slave\d+:.*state=online/gm)?.length ?? 0;
    if (online < this.known) this.missingSince ??= now;
    if (online >= this.known || now - (this.missingSince ?? now) > farewell) {
      this.known = online;
      this.missingSince = undefined;
    }
    return Math.max(1, this.known);
  }
}
