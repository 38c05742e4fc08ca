import { performance } from 'node:perf_hooks';
import { Cluster, ReplyError } from 'ioredis';
import type { Log } from '../../../application/ports/environment.js';
import { StorageUnavailable } from '../../../application/ports/storage.js';
import { adviceFor, reasonOf } from './error-reason.js';
import type { RedisClient } from './redis-client.js';

/** Milliseconds without a failure after which the next one of its kind is news. */
const lull = 60_000;

/** Tells the operator what is wrong with Redis: once for each outage, however many requests it fails. */
export class OutageLog {
  /** Why a client cannot be used; empty while all can. */
  private readonly unreachable = new Map<RedisClient, string>();
  /** The reasons of this outage that the log has. */
  private readonly told = new Set<string>();
  /** When commands failed last, on the monotonic clock, by the reason. */
  private readonly failures = new Map<string, number>();

  constructor(private readonly log: Log) {}

  /**
   * The client cannot be used from now on. The log gets the first reason of an outage, and others that tell what to do.
   */
  lost(client: RedisClient, reason: string): void {
    const isTelling = adviceFor(reason) !== undefined && !this.told.has(reason);
    if (this.told.size === 0 || isTelling) {
      this.told.add(reason);
      this.log.warn(
        { reason },
        `Redis is unavailable (${reason}); requests get 503 until it is back.${sentence(adviceFor(reason))}`,
      );
    }
    // What the library says of a connection that it has just given up tells less than why it did.
    if (reason !== 'not connected' || !this.unreachable.has(client)) this.unreachable.set(client, reason);
  }

  /** The client can be used from now on. */
  found(client: RedisClient): void {
    this.unreachable.delete(client);
    if (this.unreachable.size > 0 || this.told.size === 0) return;
    this.told.clear();
    this.log.info({}, 'Redis is available again.');
  }

  /** What a command of a client that cannot be used fails with. */
  away(client: RedisClient): StorageUnavailable {
    return unavailable(this.unreachable.get(client) ?? 'not connected');
  }

  /**
   * What a command of this client, whose failure is told, fails with. `isUsable` tells whether other commands may do
   * better.
   */
  failure(client: RedisClient, error: unknown, isUsable: boolean): StorageUnavailable {
    const reason = reasonOf(error);
    if (error instanceof StorageUnavailable || isErrorReply(error)) {
      this.failed(reason, 'Redis rejects commands');
    } else if (isUsable) {
      const isPart = client instanceof Cluster;
      this.failed(reason, isPart ? 'Part of the Redis Cluster is unavailable' : 'Redis does not respond');
    } else {
      this.lost(client, reason);
      return this.away(client);
    }
    return unavailable(reason);
  }

  private failed(reason: string, what: string): void {
    const now = performance.now();
    if (now - (this.failures.get(reason) ?? -Infinity) > lull) {
      this.log.warn(
        { reason },
        `${what} (${reason}); requests that need it get 503.${sentence(adviceFor(reason))}`,
      );
    }
    this.failures.set(reason, now);
  }
}

function unavailable(reason: string): StorageUnavailable {
  return new StorageUnavailable(reason, adviceFor(reason));
}

/** Whether Redis has answered; on a Cluster, perhaps to the last of several attempts. */
export function isErrorReply(error: unknown): boolean {
  return error instanceof ReplyError || (error instanceof Error && error.message.includes('ReplyError: '));
}

function sentence(text: string | undefined): string {
  return text === undefined ? '' : ` ${text}`;
}
