import { performance } from 'node:perf_hooks';
import { Cluster, ReplyError } from 'ioredis';
import type { Log } from '../../../application/ports/environment.js';
import { StorageUnavailable } from '../../../application/ports/storage.js';
import { adviceFor, reasonOf } from './error-reason.js';
import type { RedisClient } from './redis-client.js';

/** Milliseconds without a failure after which the next failure with the same reason is logged again. */
const quietPeriod = 60_000;

/** Watches Redis and the commands that are sent to it. */
export interface RedisObserver {
  /** Whether commands can be sent from now on. */
  readonly up: (isUp: boolean) => void;
  /** Redis has replied, after so many seconds. `kind` says whether the command may have changed data. */
  readonly replied: (kind: 'read' | 'write', seconds: number) => void;
  /** A command has failed, for the reason that is in the log. */
  readonly failed: (reason: string) => void;
}

/** Logs what is wrong with Redis: once per outage, however many requests fail. */
export class OutageLog {
  /** Why a client cannot be used; empty while all can. */
  private readonly unreachable = new Map<RedisClient, string>();
  /** The reasons of this outage that were logged. */
  private readonly reported = new Set<string>();
  /** When commands last failed, on the monotonic clock, by reason. */
  private readonly failures = new Map<string, number>();

  constructor(
    private readonly log: Log,
    private readonly observer: RedisObserver | undefined,
  ) {}

  /** From now on, the client cannot be used. Logs the first reason of an outage, and later ones that have advice. */
  reportDown(client: RedisClient, reason: string): void {
    const hasNewAdvice = adviceFor(reason) !== undefined && !this.reported.has(reason);
    if (this.reported.size === 0 || hasNewAdvice) {
      this.reported.add(reason);
      this.log.warn(
        { reason },
        `Redis is unavailable (${reason}); requests get 503 until it is back.${sentence(adviceFor(reason))}`,
      );
    }
    // 'not connected' must not hide the reason for which the library gave the connection up.
    if (reason !== 'not connected' || !this.unreachable.has(client)) this.unreachable.set(client, reason);
    this.observer?.up(false);
  }

  /** From now on, the client can be used. */
  reportUp(client: RedisClient): void {
    this.unreachable.delete(client);
    if (this.unreachable.size > 0) return;
    this.observer?.up(true);
    if (this.reported.size === 0) return;
    this.reported.clear();
    this.log.info({}, 'Redis is available again.');
  }

  /** The error for a command of a client that cannot be used. */
  errorFor(client: RedisClient): StorageUnavailable {
    return this.unavailable(this.unreachable.get(client) ?? 'not connected');
  }

  /** Logs the failure of a command, and returns its error. `isUsable` says whether other commands may still succeed. */
  failure(client: RedisClient, error: unknown, isUsable: boolean): StorageUnavailable {
    const reason = reasonOf(error);
    if (error instanceof StorageUnavailable || isErrorReply(error)) {
      this.reportFailure(reason, 'Redis rejects commands');
    } else if (isUsable) {
      const isPart = client instanceof Cluster;
      this.reportFailure(
        reason,
        isPart ? 'Part of the Redis Cluster is unavailable' : 'Redis does not respond',
      );
    } else {
      this.reportDown(client, reason);
      return this.errorFor(client);
    }
    return this.unavailable(reason);
  }

  private reportFailure(reason: string, what: string): void {
    const now = performance.now();
    if (now - (this.failures.get(reason) ?? -Infinity) > quietPeriod) {
      this.log.warn(
        { reason },
        `${what} (${reason}); requests that need it get 503.${sentence(adviceFor(reason))}`,
      );
    }
    this.failures.set(reason, now);
  }

  private unavailable(reason: string): StorageUnavailable {
    this.observer?.failed(reason);
    return new StorageUnavailable(reason, { advice: adviceFor(reason) });
  }
}

/** Whether the error is a reply of Redis; on a Cluster, perhaps to the last of several attempts. */
export function isErrorReply(error: unknown): boolean {
  return error instanceof ReplyError || (error instanceof Error && error.message.includes('ReplyError: '));
}

function sentence(text: string | undefined): string {
  return text === undefined ? '' : ` ${text}`;
}
