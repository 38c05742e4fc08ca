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

/** Milliseconds in which a command is retried over the connection that replaces an idle one, including the reply. */
const retryTime = 500;

/** Minimum of milliseconds between two reconnects because the server is a replica. */
const replicaPause = 5_000;

/**
 * A client that is used only after a handshake, which is repeated at each reconnect. Until the handshake succeeds,
 * Redis counts as unavailable.
 *
 * Routers and load balancers drop idle connections silently. So a PING is sent over idle connections. A command that
 * was sent over an idle connection which proves dead is retried once over a new one. There is no retry if the
 * connection was in use until then: in that case, Redis itself hangs.
 */
export class ManagedClient {
  /** For event listeners. Commands are sent with `send`. */
  readonly client: RedisClient;
  private readonly events = new EventEmitter().setMaxListeners(0);
  private readonly connections = new Set<WatchedConnection>();
  private usable = false;
  /** Connections in a row that failed or were rejected. */
  private failures = 0;
  /** Until when commands wait for a new connection, on the monotonic clock. */
  private retryUntil = -Infinity;
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
    this.client.on('error', (error) => void this.reportError(error));
    this.client.on('ready', () => void this.shakeHands());
    this.client.on('close', () => {
      this.usable = false;
    });
    onEachConnection(this.client, (redis) => {
      redis.on('connect', () => this.watch(redis));
      if (redis !== this.client) redis.on('ready', () => void this.shakeHandsAgain());
    });
  }

  /**
   * Connects. Resolves once the first attempt has succeeded or failed. From then on, the client reconnects by itself.
   * Rejects with UnknownLayout if the first attempt failed for that reason.
   */
  async open(): Promise<void> {
    const attempted: Promise<unknown[]> = once(this.events, 'attempted');
    // A failure also emits the event 'error', and a Cluster's promise may never settle.
    this.client.connect().catch(() => undefined);
    const [failure] = await Promise.race([attempted, delay(connectTimeout, [], { ref: false })]);
    if (failure instanceof UnknownLayout) throw failure;
  }

  /** Calls back after each handshake. */
  onUsable(use: () => unknown): void {
    this.events.on('usable', use);
  }

  /**
   * Sends an idempotent command, at once or not at all. Rejects with StorageUnavailable, which is logged; with
   * UnreadableData if the data has the wrong type; or with the rejection of a script.
   */
  async send<T>(command: (client: RedisClient) => Promise<T>): Promise<T> {
    if (!this.usable) await this.untilUsable();
    try {
      return await command(this.client);
    } catch (error) {
      if (this.retryTimeLeft() === 0 || isErrorReply(error)) throw this.failure(error);
    }
    if (!this.usable) await this.untilUsable();
    const timedOut = delay(this.retryTimeLeft(), undefined, { ref: false }).then(() => {
      throw new Error('timeout');
    });
    return Promise.race([command(this.client), timedOut]).catch((error: unknown) => {
      throw this.failure(error);
    });
  }

  /** Sends a command at most once; otherwise like `send`. */
  async sendOnce<T>(command: (client: RedisClient) => Promise<T>): Promise<T> {
    // An idle connection is tested first, with an idempotent command.
    if (this.isIdle()) await this.send((client) => client.ping());
    if (!this.usable) await this.untilUsable();
    return command(this.client).catch((error: unknown) => {
      throw this.failure(error);
    });
  }

  /** Closes the connection, with QUIT if there is one. */
  async close(): Promise<void> {
    await this.client.quit().catch(() => undefined);
    // After QUIT, the client still listens to the Sentinels.
    this.client.disconnect();
  }

  /** Logs why there is no connection. */
  private async reportError(error: unknown): Promise<void> {
    const reason = reasonOf(error);
    const isVague = this.settings.mode !== 'single' && reason.endsWith('connection lost');
    const cause = isVague ? await connectionError(this.settings) : undefined;
    if (!this.usable && this.retryTimeLeft() === 0) {
      const exactly = cause === undefined ? reason : reason.replace('connection lost', reasonOf(cause));
      this.outages.reportDown(this.client, exactly);
    }
    this.events.emit('attempted');
  }

  private async shakeHands(): Promise<void> {
    try {
      await this.handshake(this.client);
    } catch (error) {
      return this.rejectConnection(error);
    }
    this.failures = 0;
    this.usable = true;
    this.outages.reportUp(this.client);
    this.events.emit('usable');
    this.events.emit('attempted');
  }

  /** A Cluster's client stays usable while one of its connections reconnects; but the node may have other data. */
  private async shakeHandsAgain(): Promise<void> {
    if (!this.usable) return;
    await this.handshake(this.client).catch((error: unknown) => {
      if (error instanceof UnknownLayout) this.rejectConnection(error);
    });
  }

  private rejectConnection(error: unknown): void {
    this.usable = false;
    this.outages.reportDown(this.client, reasonOf(error));
    // Unless the client is already reconnecting.
    if (this.client.status === 'ready') this.client.disconnect(true);
    this.events.emit('attempted', error);
  }

  private watch(redis: Redis): void {
    const connection = new WatchedConnection(redis, {
      onLoading: () => this.outages.reportDown(this.client, 'LOADING'),
      onEnd: (wasIdle) => {
        this.connections.delete(connection);
        if (redis === this.client) this.usable = false;
        if (!wasIdle) return;
        this.retryUntil = performance.now() + retryTime;
        // The connections to the other nodes of a Cluster are probably dead, too.
        for (const other of this.connections) other.dropIfIdle();
      },
    });
    this.connections.add(connection);
  }

  /** Whether Redis has sent nothing for a while. */
  private isIdle(): boolean {
    for (const connection of this.connections) if (!connection.isIdle()) return false;
    return true;
  }

  /** Whether to reconnect because the server has become a replica: there may be another master now. */
  private leadsToReplica(error: Error): boolean {
    const now = performance.now();
    if (!error.message.startsWith('READONLY') || now - this.reconnectedAt < replicaPause) return false;
    this.reconnectedAt = now;
    this.retryUntil = now + retryTime;
    if (this.client instanceof Redis) this.usable = false;
    return true;
  }

  /** Milliseconds for which commands still wait for a new connection. */
  private retryTimeLeft(): number {
    return Math.max(0, Math.ceil(this.retryUntil - performance.now()));
  }

  /** Resolves if commands can be sent, now or over a new connection soon. Otherwise rejects with StorageUnavailable. */
  async untilUsable(): Promise<void> {
    const timeLeft = this.retryTimeLeft();
    if (!this.usable && timeLeft > 0) {
      await once(this.events, 'usable', { signal: AbortSignal.timeout(timeLeft) }).catch(() => undefined);
    }
    if (!this.usable) throw this.outages.errorFor(this.client);
  }

  private failure(error: unknown): Error {
    const rejection = rejectionOf(error);
    if (rejection) return rejection;
    const keys = keysOutOfType(error);
    if (keys !== undefined) return new UnreadableData(keys);
    return this.outages.failure(this.client, error, this.usable);
  }
}

/** Milliseconds before the next attempt: exponential backoff from 50 to 1000, with jitter for many servers. */
function backoff(attempt: number): number {
  return Math.min(50 * 2 ** (attempt - 1), 800) * (0.75 + Math.random() / 2);
}
