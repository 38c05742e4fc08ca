import { EventEmitter, once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { UnknownLayout, UnreadableData } from '../../../application/ports/storage.js';
import { connectionError } from './connection-error.js';
import { isErrorReply, type OutageLog } from './outage-log.js';
import { keysOutOfType, reasonOf } from './error-reason.js';
import { connectTimeout, createClient, onEachConnection, type RedisClient } from './redis-client.js';
import type { RedisSettings } from './redis-settings.js';
import { rejectionOf } from '../lua/rejection.js';
import { WatchedConnection } from './watched-connection.js';

/** Resolves if a new connection may be used. */
export type Handshake = (client: RedisClient) => Promise<void>;

/** Milliseconds for which commands wait for the connection that takes the place of an idle one, their reply included. */
const secondChance = 500;

/** Milliseconds between two reconnects because the server is a replica. */
const replicaPause = 5_000;

/**
 * A client that is used only after a handshake, at each connection anew. Until it succeeds, that is an outage.
 *
 * Routers and load balancers forget idle connections without a word. So idle ones are sent a PING, and what was sent over
 * one that proves dead is sent once more, over a new one. A connection that was in use until then gets no second chance:
 * it is Redis that hangs.
 */
export class ManagedClient {
  /** To listen to. Commands go by `send`. */
  readonly client: RedisClient;
  private readonly events = new EventEmitter().setMaxListeners(0);
  private readonly connections = new Set<WatchedConnection>();
  private usable = false;
  /** Connections in a row that failed, or were refused. */
  private failures = 0;
  /** Until when a new connection is waited for, on the monotonic clock. */
  private chanceUntil = -Infinity;
  private reconnectedAt = -Infinity;

  constructor(
    private readonly settings: RedisSettings,
    private readonly handshake: Handshake,
    private readonly outages: OutageLog,
  ) {
    this.client = createClient(settings, {
      nextDelay: () => backoff(++this.failures),
      reconnectOnError: (error) => this.leadsToReplica(error),
    });
    this.client.on('error', (error) => void this.tell(error));
    this.client.on('ready', () => void this.begin());
    this.client.on('close', () => {
      this.usable = false;
    });
    onEachConnection(this.client, (redis) => {
      redis.on('connect', () => this.watch(redis));
      if (redis !== this.client) redis.on('ready', () => void this.checkAgain());
    });
  }

  /**
   * Connects; resolves once the first attempt has succeeded or failed. From then on, the client comes back by itself.
   * Rejected with UnknownLayout if that is why it has failed.
   */
  async open(): Promise<void> {
    const attempted: Promise<unknown[]> = once(this.events, 'attempted');
    // A failure comes with the event 'error' as well, and a Cluster's promise may never settle.
    this.client.connect().catch(() => undefined);
    const [failure] = await Promise.race([attempted, delay(connectTimeout, [], { ref: false })]);
    if (failure instanceof UnknownLayout) throw failure;
  }

  /** Calls back after each handshake. */
  onUsable(use: () => unknown): void {
    this.events.on('usable', use);
  }

  /**
   * Sends a command that may be sent twice, at once or not at all. However it fails, that is StorageUnavailable, and the
   * log is told; but what is of another type than it should be is UnreadableData, and a script may reject.
   */
  async send<T>(command: (client: RedisClient) => Promise<T>): Promise<T> {
    if (!this.usable) await this.untilUsable();
    try {
      return await command(this.client);
    } catch (error) {
      if (this.chance() === 0 || isErrorReply(error)) throw this.failure(error);
    }
    if (!this.usable) await this.untilUsable();
    const late = delay(this.chance(), undefined, { ref: false }).then(() => {
      throw new Error('timeout');
    });
    return Promise.race([command(this.client), late]).catch((error: unknown) => {
      throw this.failure(error);
    });
  }

  /** The same for a command that is sent once. */
  async sendOnce<T>(command: (client: RedisClient) => Promise<T>): Promise<T> {
    // Whether an idle connection lives is asked first, with a command that may be sent twice.
    if (this.isIdle()) await this.send((client) => client.ping());
    if (!this.usable) await this.untilUsable();
    return command(this.client).catch((error: unknown) => {
      throw this.failure(error);
    });
  }

  /** Lets go of the connection; politely, if there is one. */
  async close(): Promise<void> {
    await this.client.quit().catch(() => undefined);
    // One that has quit still listens to the sentinels.
    this.client.disconnect();
  }

  /** Has the log tell why there is no connection. */
  private async tell(error: unknown): Promise<void> {
    const reason = reasonOf(error);
    const isVague = this.settings.mode !== 'single' && reason.endsWith('connection lost');
    const cause = isVague ? await connectionError(this.settings) : undefined;
    if (!this.usable && this.chance() === 0) {
      const exactly = cause === undefined ? reason : reason.replace('connection lost', reasonOf(cause));
      this.outages.lost(this.client, exactly);
    }
    this.events.emit('attempted');
  }

  private async begin(): Promise<void> {
    try {
      await this.handshake(this.client);
    } catch (error) {
      return this.refuse(error);
    }
    this.failures = 0;
    this.usable = true;
    this.outages.found(this.client);
    this.events.emit('usable');
    this.events.emit('attempted');
  }

  /** A Cluster goes on while one of its connections is made anew; but that may lead to other data. */
  private async checkAgain(): Promise<void> {
    if (!this.usable) return;
    await this.handshake(this.client).catch((error: unknown) => {
      if (error instanceof UnknownLayout) this.refuse(error);
    });
  }

  private refuse(error: unknown): void {
    this.usable = false;
    this.outages.lost(this.client, reasonOf(error));
    // Unless it is being made anew already.
    if (this.client.status === 'ready') this.client.disconnect(true);
    this.events.emit('attempted', error);
  }

  private watch(redis: Redis): void {
    const connection = new WatchedConnection(redis, {
      onLoading: () => this.outages.lost(this.client, 'LOADING'),
      onEnd: (wasIdle) => {
        this.connections.delete(connection);
        if (redis === this.client) this.usable = false;
        if (!wasIdle) return;
        this.chanceUntil = performance.now() + secondChance;
        // Those to the other nodes of a Cluster will be no better.
        for (const other of this.connections) other.dropIfIdle();
      },
    });
    this.connections.add(connection);
  }

  /** Whether nothing has been heard of Redis for a while. */
  private isIdle(): boolean {
    for (const connection of this.connections) if (!connection.isIdle()) return false;
    return true;
  }

  /** Whether to reconnect, because the server has become a replica: elsewhere there may be a master by now. */
  private leadsToReplica(error: Error): boolean {
    const now = performance.now();
    if (!error.message.startsWith('READONLY') || now - this.reconnectedAt < replicaPause) return false;
    this.reconnectedAt = now;
    this.chanceUntil = now + secondChance;
    if (this.client instanceof Redis) this.usable = false;
    return true;
  }

  /** Milliseconds for which a new connection is waited for. */
  private chance(): number {
    return Math.max(0, Math.ceil(this.chanceUntil - performance.now()));
  }

  /** Resolves if commands can be sent, now or over a new connection that is to be expected soon; otherwise StorageUnavailable. */
  async untilUsable(): Promise<void> {
    const chance = this.chance();
    if (!this.usable && chance > 0) {
      await once(this.events, 'usable', { signal: AbortSignal.timeout(chance) }).catch(() => undefined);
    }
    if (!this.usable) throw this.outages.away(this.client);
  }

  private failure(error: unknown): Error {
    const rejection = rejectionOf(error);
    if (rejection) return rejection;
    const keys = keysOutOfType(error);
    if (keys !== undefined) return new UnreadableData(keys);
    return this.outages.failure(this.client, error, this.usable);
  }
}

/** Milliseconds before the next attempt: from 50 to 1000, doubling, with jitter so that many servers do not come at once. */
function backoff(attempt: number): number {
  return Math.min(50 * 2 ** (attempt - 1), 800) * (0.75 + Math.random() / 2);
}
