import { performance } from 'node:perf_hooks';
import type { Redis } from 'ioredis';
import { socketTimeout } from './redis-client.js';

/** Milliseconds without an answer after which a connection is idle, and how often one that is idle is sent a PING. */
const idleAfter = 1_000;
const pingInterval = 10_000;

/** Milliseconds after which a server that has accepted a connection and is not ready is loading; one that hangs is given up before. */
const loadingAfter = 1_500;

/** What becomes of a connection. */
interface Observer {
  /** It can no longer be used. `wasIdle` tells whether it had not answered for a while before it was last asked. */
  readonly onEnd: (wasIdle: boolean) => void;
  /** The server answers, and is not ready yet: it reads its data from its disk. */
  readonly onLoading: () => void;
}

/** One connection, from the moment at which it stands to its end. It is kept alive. */
export class WatchedConnection {
  private readonly socket: Redis['stream'];
  private readonly timers: readonly NodeJS.Timeout[];
  private answeredAt = performance.now();
  private hasEnded = false;

  constructor(
    private readonly redis: Redis,
    private readonly observer: Observer,
  ) {
    this.socket = redis.stream;
    this.timers = [
      setInterval(() => this.keepAlive(), pingInterval).unref(),
      setTimeout(() => this.notice(), loadingAfter).unref(),
    ];
    this.socket.on('data', () => {
      this.answeredAt = performance.now();
    });
    // Before the client library tells of the error.
    this.socket.prependOnceListener('error', (error) => this.end(error));
    this.socket.once('close', () => this.end());
  }

  isIdle(): boolean {
    return performance.now() - this.answeredAt > idleAfter;
  }

  /** Gives the connection up, unless an answer is due. */
  dropIfIdle(): void {
    if (this.isIdle() && this.redis.commandQueue.length === 0) this.socket.destroy();
  }

  private keepAlive(): void {
    if (this.isIdle()) this.redis.ping().catch(() => undefined);
  }

  /** The client library waits in silence for a server that is loading. */
  private notice(): void {
    if (this.redis.status === 'connect') this.observer.onLoading();
  }

  private end(error?: Error): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    for (const timer of this.timers) clearTimeout(timer);
    // A timeout comes as long after the question.
    const waited = error?.message.startsWith('Socket timeout') ? socketTimeout : 0;
    this.observer.onEnd(performance.now() - this.answeredAt > idleAfter + waited);
  }
}
