import type { RateLimit } from '../../domain/rate-limit.js';

/**
 * Counts attempts by key. All processes that share the storage share the counts. Keys are short texts of printable
 * ASCII.
 */
export interface RateLimiter {
  /**
   * Counts an attempt if the limit has room for it, and returns 0. Otherwise counts nothing, and returns in how many
   * seconds there will be room. `countAttempt` of the domain decides. Of any number of concurrent attempts, no more are
   * counted than there is room for. A storage may forget attempts that no longer count.
   */
  consume(key: string, limit: RateLimit): Promise<number>;
  /** Takes back one attempt, as `giveBackAttempt` of the domain decides. Does nothing if the key has none. */
  giveBack(key: string): Promise<void>;
  /** Forgets the attempts of the key, and marks it as trusted for `lifetime` seconds. `consume` counts it as any other. */
  trust(key: string, lifetime: number): Promise<void>;
  /** Whether the key is marked as trusted now. */
  isTrusted(key: string): Promise<boolean>;
}
