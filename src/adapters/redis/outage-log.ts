import { performance } from 'node:perf_hooks';
import { Redis, ReplyError } from 'ioredis';
import type { Log } from '../../application/ports.js';
import { reasonOf } from './reason-of.js';
import type { RedisClient } from './redis-client.js';

/** Milliseconds after which a server that has accepted a connection and is not ready is loading; one that hangs is given up before. */
const patience = 1_500;

/** Milliseconds without a refusal after which the next one of its kind is news. */
const lull = 60_000;

/** What is the matter, and what to do about it. */
const advice: Readonly<Record<string, string>> = {
  NOAUTH: ' Check the credentials in REDIS_URL.',
  WRONGPASS: ' Check the credentials in REDIS_URL.',
  'not a cluster': ' Set REDIS_MODE to single.',
  NOPERM: ' Its ACL keeps the user of REDIS_URL from a command that is needed.',
  LOADING: ' It is reading its data from its disk.',
  MISCONF: ' It cannot write to its disk: see its own log.',
  READONLY: ' It is a replica: REDIS_URL should lead to the master.',
  BUSY: ' A script takes too long: SCRIPT KILL ends it.',
  OOM: ' Its memory is full: raise maxmemory. Until then nothing can be added; reading, deleting and logging out go on.',
};

/** Tells the operator what is wrong with Redis: once for each outage, however many requests it fails. */
export class OutageLog {
  /** Why Redis cannot be reached; undefined while it can. */
  private unreachable: string | undefined;
  /** When commands were refused last, on the monotonic clock, by the reason. */
  private readonly refusals = new Map<string, number>();

  constructor(
    client: RedisClient,
    private readonly log: Log,
  ) {
    client.on('error', (error: unknown) => this.lost(reasonOf(error)));
    client.on('ready', () => this.found());
    if (client instanceof Redis) this.noticeLoading(client);
  }

  /** Why a command has failed, in one word. */
  note(error: unknown): string {
    const reason = reasonOf(error);
    if (error instanceof ReplyError) this.refused(reason);
    return reason === 'not connected' ? (this.unreachable ?? reason) : reason;
  }

  /** The client library waits in silence for a server that answers and is not ready yet. */
  private noticeLoading(client: Redis): void {
    let waiting: NodeJS.Timeout | undefined;
    client.on('connect', () => {
      waiting = setTimeout(() => this.lost('LOADING'), patience).unref();
    });
    for (const event of ['ready', 'close'] as const) client.on(event, () => clearTimeout(waiting));
  }

  private lost(reason: string): void {
    if (this.unreachable === undefined) {
      this.log.warn(
        { reason },
        `Redis cannot be reached (${reason}); answering 503 until it can.${advice[reason] ?? ''}`,
      );
    }
    this.unreachable = reason;
  }

  private found(): void {
    if (this.unreachable !== undefined) this.log.info({}, 'Redis can be reached again.');
    this.unreachable = undefined;
  }

  private refused(reason: string): void {
    const now = performance.now();
    if (now - (this.refusals.get(reason) ?? -Infinity) > lull) {
      this.log.warn(
        { reason },
        `Redis refuses commands (${reason}); answering 503 where they are needed.${advice[reason] ?? ''}`,
      );
    }
    this.refusals.set(reason, now);
  }
}
