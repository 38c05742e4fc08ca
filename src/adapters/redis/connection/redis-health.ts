import { performance } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import { Cluster } from 'ioredis';
import { StorageUnavailable, type StorageHealth } from '../../../application/ports/storage.js';
import type { Keys } from '../keys.js';
import { probeTags } from './probe-tags.js';
import type { RedisConnection } from './redis-connection.js';
import { script } from '../lua/script.js';

/** Milliseconds for which a result is reused, and within which a server must respond. */
const lifetime = 1_000;
const timeout = 800;

const write = script<unknown>()(
  { keys: ['probe'], args: [] },
  `return redis.call('SET', probe, 1, 'PX', ${lifetime})`,
);

/**
 * Checks whether Redis works, by reading and writing. It does so at most once a second, however often `check` is
 * called.
 */
export class RedisHealth {
  private last: { readonly at: number; readonly health: Promise<StorageHealth> } | undefined;

  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: Keys,
  ) {
    redis.client.onUsable(() => {
      this.last = undefined;
    });
  }

  /** Resolves if Redis can serve something. Otherwise rejects with StorageUnavailable. */
  async check(): Promise<StorageHealth> {
    await this.redis.client.untilUsable();
    const now = performance.now();
    if (!this.last || now - this.last.at >= lifetime) this.last = { at: now, health: this.inspect() };
    return this.last.health;
  }

  private async inspect(): Promise<StorageHealth> {
    const { client } = this.redis.client;
    const probes = Promise.all(probeTags(client).map((tag) => this.probe(this.keys.probe(tag))));
    const [results, warnings] = await Promise.all([probes, this.redis.warnings.current()]);
    const unread = results.map(({ read }) => read).filter((each) => each !== undefined);
    // An error reply says more than a timeout.
    const telling = unread.find(({ reason }) => reason !== 'timeout') ?? unread[0];
    if (telling && unread.length === results.length) throw telling;

    const who = client instanceof Cluster ? 'A shard of the Redis Cluster' : 'Redis';
    const reasons = results.flatMap(({ read, written }) => {
      if (read) return [`${who} does not answer (${read.reason}). ${read.advice}`];
      return written ? [`${who} takes no writes (${written.reason}). ${written.advice}`] : [];
    });
    return { reasons: [...new Set(reasons)], warnings };
  }

  /** The failures of reading and of writing a key. */
  private async probe(key: string): Promise<{ read: Failure; written: Failure }> {
    const [read, written] = await Promise.all([
      failureOf(this.redis.send((client) => client.get(key))),
      failureOf(write(this.redis, { probe: key })),
    ]);
    return { read, written };
  }
}

type Failure = StorageUnavailable | undefined;

async function failureOf(command: Promise<unknown>): Promise<Failure> {
  const timedOut = setTimeout(timeout, new StorageUnavailable('timeout'), { ref: false });
  const failure = command.then(
    () => undefined,
    (error: unknown) => {
      if (error instanceof StorageUnavailable) return error;
      throw error;
    },
  );
  return Promise.race([failure, timedOut]);
}
