import { performance } from 'node:perf_hooks';
import type { Redis } from 'ioredis';
import { socketTimeout } from './redis-client.js';

/** Milliseconds without data after which a connection is idle, and milliseconds between two PINGs over an idle one. */
const idleAfter = 1_000;
const pingInterval = 10_000;

/**
 * Milliseconds after which a connected server that is not ready must be loading: one that hangs has timed out before.
 */
const loadingAfter = 1_500;

/** Callbacks about a connection. */
interface Observer {
  /** The connection has ended. `wasIdle` says whether no data had come for a while before the last command. */
  readonly onEnd: (wasIdle: boolean) => void;
  /** The server responds but is not ready yet: it is loading its data from disk. */
  readonly onLoading: () => void;
}

/** One connection, from its start to its end. Keeps it alive with PINGs. */
export class WatchedConnection {
  private readonly socket: Redis['stream'];
  private readonly timers: readonly NodeJS.Timeout[];
  private lastDataAt = performance.now();
  private hasEnded = false;

  constructor(
    private readonly redis: Redis,
    private readonly observer: Observer,
  ) {
    this.socket = redis.stream;
    this.timers = [
      setInterval(() => this.keepAlive(), pingInterval).unref(),
      setTimeout(() => this.checkLoading(), loadingAfter).unref(),
    ];
    this.socket.on('data', () => {
      this.lastDataAt = performance.now();
    });
    // Runs before the client library reports the error.
    this.socket.prependOnceListener('error', (error) => this.end(error));
    this.socket.once('close', () => this.end());
  }

  isIdle(): boolean {
    return performance.now() - this.lastDataAt > idleAfter;
  }

  /** Closes the connection if it is idle and waits for no reply. */
  dropIfIdle(): void {
    if (this.isIdle() && this.redis.commandQueue.length === 0) this.socket.destroy();
  }

  private keepAlive(): void {
    if (this.isIdle()) this.redis.ping().catch(() => undefined);
  }

  /** The client library does not report that it waits for a loading server. */
  private checkLoading(): void {
    if (this.redis.status === 'connect') this.observer.onLoading();
  }

  private end(error?: Error): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    for (const timer of this.timers) clearTimeout(timer);
    // A timeout comes that long after the command.
    const waited = error?.message.startsWith('Socket timeout') ? socketTimeout : 0;
    this.observer.onEnd(performance.now() - this.lastDataAt > idleAfter + waited);
  }
}
