import type { CountedAttempts, LimitName, RateLimit } from '../../domain/rate-limit.js';

/** Whom a limit slows down. */
export interface LimitSubject {
  readonly limit: LimitName;
  /** The clients' network, unless the limit is for all networks. */
  readonly network?: string;
  /** The user name, if the limit is for one. It is what clients sent, and may be any text of up to 300 code units. */
  readonly username?: string;
}

/** A key whose limit was reached. */
export interface ReachedLimit {
  readonly key: string;
  readonly subject: LimitSubject;
  readonly counted: CountedAttempts;
}

/** A part of the keys whose limits were reached. */
export interface ReachedLimits {
  readonly reached: readonly ReachedLimit[];
  /** Where the next part begins; undefined at the end. */
  readonly next?: string;
}

/**
 * Counts attempts by key. All processes that share the storage share the counts. Keys are texts of up to a hundred
 * characters of printable ASCII. Those that differ in one character, or in its case, are different. All attempts of a
 * key have the same limit, until it is configured anew, and the same subject.
 */
export interface RateLimiter {
  /**
   * Counts an attempt if the limit has room for it, and returns 0. Otherwise counts nothing, and returns in how many
   * seconds there will be room. `countAttempt` of the domain decides. Of any number of concurrent attempts, no more are
   * counted than there is room for. A storage may forget attempts that no longer count.
   *
   * The subject is kept from the first attempt for which there is no room, until the attempts are forgotten or no
   * longer count. Nothing of it is kept before.
   */
  consume(key: string, limit: RateLimit, subject: LimitSubject): Promise<number>;
  /** Takes back one attempt, as `giveBackAttempt` of the domain decides. Does nothing if the key has none. */
  giveBack(key: string): Promise<void>;
  /** Forgets the attempts of the key, and its subject. */
  clear(key: string): Promise<void>;
  /**
   * The keys that have a subject: the first part of them, or the part at `next`, which an earlier part named. Each part
   * takes a bounded time. A key that has a subject during all parts is in at least one of them. Attempts that no longer
   * count may be among them.
   */
  listReached(next?: string): Promise<ReachedLimits>;
  /**
   * Does the same as `clear`, and marks the key as trusted for `lifetime` seconds from now, also if it is trusted
   * already. `consume` counts it as any other.
   */
  trust(key: string, lifetime: number): Promise<void>;
  /** Whether the key is marked as trusted now. */
  isTrusted(key: string): Promise<boolean>;
}
