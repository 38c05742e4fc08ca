import type { RateLimit } from '../../domain/rate-limit.js';

/** Counts attempts, together for all processes that share the storage. Keys are short texts of printable ASCII. */
export interface RateLimiter {
  /**
   * Counts an attempt if the limit has room for it, as `countAttempt` of the domain decides, and answers 0; otherwise
   * counts nothing and answers after how many seconds there will be room. Of any number of concurrent attempts, no more
   * count than there is room for. What no longer counts need not be kept.
   */
  consume(key: string, limit: RateLimit): Promise<number>;
  /** Counts one attempt less, as `giveBackAttempt` of the domain decides, if any of the key are counted. */
  giveBack(key: string): Promise<void>;
  /** Forgets the attempts that were counted, and trusts the key for so many seconds. */
  trust(key: string, lifetime: number): Promise<void>;
  isTrusted(key: string): Promise<boolean>;
}
