import { EventEmitter, once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import type { OutageLog } from './outage-log.js';
import { reasonOf } from './reason-of.js';
import { connectTimeout, createClient, type RedisClient } from './redis-client.js';
import type { RedisSettings } from './redis-settings.js';

/** Resolves if a new connection may be used. */
export type Handshake = (client: RedisClient) => Promise<void>;

/** A client that is used only after a handshake, at each connection anew. Until it succeeds, that is an outage. */
export class ManagedClient {
  /** To listen to. Commands go by `send`. */
  readonly client: RedisClient;
  private readonly events = new EventEmitter();
  private usable = false;
  /** Connections in a row that failed, or were refused. */
  private failures = 0;

  constructor(
    settings: RedisSettings,
    private readonly handshake: Handshake,
    private readonly outages: OutageLog,
  ) {
    this.client = createClient(settings, () => backoff(++this.failures));
    outages.watch(this.client);
    this.client.on('error', () => this.events.emit('attempted'));
    this.client.on('ready', () => void this.begin());
    this.client.on('close', () => {
      this.usable = false;
    });
  }

  /** Connects; resolves once the first attempt has succeeded or failed. From then on, the client comes back by itself. */
  async open(): Promise<void> {
    const attempted = once(this.events, 'attempted');
    // A failure comes with the event 'error' as well, and a Cluster's promise may never settle.
    this.client.connect().catch(() => undefined);
    await Promise.race([attempted, setTimeout(connectTimeout, undefined, { ref: false })]);
  }

  /** Calls back after each handshake. */
  onUsable(use: () => unknown): void {
    this.events.on('usable', use);
  }

  /** Sends a command, at once or not at all. However it fails, that is StorageUnavailable, and the log is told. */
  async send<T>(command: (client: RedisClient) => Promise<T>): Promise<T> {
    if (!this.usable) throw this.outages.away(this.client);
    try {
      return await command(this.client);
    } catch (error) {
      throw this.outages.failure(this.client, error, this.usable);
    }
  }

  /** Lets go of the connection; politely, if there is one. */
  async close(): Promise<void> {
    await this.client.quit().catch(() => undefined);
    // One that has quit still listens to the sentinels.
    this.client.disconnect();
  }

  private async begin(): Promise<void> {
    try {
      await this.handshake(this.client);
    } catch (error) {
      this.outages.lost(this.client, reasonOf(error));
      // Unless it is being made anew already.
      if (this.client.status === 'ready') this.client.disconnect(true);
      this.events.emit('attempted');
      return;
    }
    this.failures = 0;
    this.usable = true;
    this.outages.found(this.client);
    this.events.emit('usable');
    this.events.emit('attempted');
  }
}

/** Milliseconds before the next attempt: from 50 to 1000, doubling, with jitter so that many servers do not come at once. */
function backoff(attempt: number): number {
  return Math.min(50 * 2 ** (attempt - 1), 800) * (0.75 + Math.random() / 2);
}
