import { Command, type Redis } from 'ioredis';
import { StorageUnavailable } from '../../domain/errors.js';
import { onEachConnection, type RedisClient } from './redis-client.js';

/** Milliseconds that replicas have to confirm a write. */
const patience = 500;

/**
 * Sends commands that write, and tells how many replicas have what they wrote.
 *
 * A server's WAIT goes by the writes of its own connection. It is sent over the very connection by which the command
 * reached its server, after whatever redirections: if that is lost, nothing is confirmed. WAIT also holds up what comes
 * after it on its connection, so the client that is given should be used for nothing else.
 */
export class ReplicatedWriter {
  private readonly servers = new WeakMap<object, Server>();

  constructor(
    private readonly client: RedisClient,
    private readonly wanted: number,
  ) {
    onEachConnection(client, (connection) =>
      connection.on('connect', () => this.servers.set(connection.stream, new Server(connection, wanted))),
    );
  }

  /** Resolves with the reply when as many replicas as are wanted have what the command wrote; otherwise StorageUnavailable. */
  async execute(name: string, args: readonly (string | number)[]): Promise<unknown> {
    const command = new TracedCommand(name, [...args], { replyEncoding: 'utf8' });
    const reply = await this.client.sendCommand(command);
    const replicas = (await this.servers.get(command.socket)?.replicasThatHaveAll()) ?? 0;
    if (replicas < this.wanted)
      throw new StorageUnavailable(replicas === 0 ? 'no replica' : 'too few replicas');
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
  private next: Promise<number> | undefined;

  constructor(
    private readonly connection: Redis,
    private readonly wanted: number,
  ) {
    this.socket = connection.stream;
  }

  /**
   * How many replicas have all that was written over this connection until now. One WAIT is under way at a time; all who
   * ask meanwhile share the next one.
   */
  replicasThatHaveAll(): Promise<number> {
    this.next ??= this.waiting.then(() => {
      this.next = undefined;
      const replicas = this.wait();
      this.waiting = replicas.catch(() => undefined);
      return replicas;
    });
    return this.next;
  }

  private async wait(): Promise<number> {
    const isSameConnection = this.connection.stream === this.socket;
    return isSameConnection ? this.connection.wait(this.wanted, patience) : 0;
  }
}
