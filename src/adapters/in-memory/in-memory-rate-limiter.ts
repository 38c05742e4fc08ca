import type { Clock } from '../../application/ports/environment.js';
import type { LimitSubject, RateLimiter, ReachedLimits } from '../../application/ports/rate-limiter.js';
import {
  countAttempt,
  giveBackAttempt,
  type CountedAttempts,
  type RateLimit,
} from '../../domain/rate-limit.js';
import { ExpiringMap } from './expiring-map.js';

/** The attempts of one key. */
interface Counter {
  readonly counted: CountedAttempts;
  /** Whom the limit slows down, once it was reached. */
  readonly subject?: LimitSubject;
}

/** Every method does all its work before it returns its promise, so each method is one atomic step. */
export class InMemoryRateLimiter implements RateLimiter {
  private readonly counters: ExpiringMap<Counter>;
  private readonly trusted: ExpiringMap<true>;

  constructor(private readonly clock: Clock) {
    this.counters = new ExpiringMap(clock);
    this.trusted = new ExpiringMap(clock);
  }

  async consume(key: string, limit: RateLimit, subject: LimitSubject): Promise<number> {
    const before = this.counters.get(key);
    const attempt = countAttempt(before?.counted, limit, this.clock());
    if ('wait' in attempt) {
      if (!before?.subject) this.counters.change(key, (counter) => ({ ...counter, subject }));
      return attempt.wait;
    }
    const { counted } = attempt;
    // An attempt that is counted alone found no earlier one that counts.
    const isReached = before?.subject && counted.count > 1;
    this.counters.set(key, isReached ? { ...before, counted } : { counted }, limit.period);
    return 0;
  }

  async giveBack(key: string): Promise<void> {
    this.counters.change(key, (counter) => ({ ...counter, counted: giveBackAttempt(counter.counted) }));
  }

  async clear(key: string): Promise<void> {
    this.counters.delete(key);
  }

  async listReached(): Promise<ReachedLimits> {
    const reached = this.counters
      .list()
      .flatMap(([key, { counted, subject }]) => (subject ? [{ key, subject, counted }] : []));
    return { reached };
  }

  async trust(key: string, lifetime: number): Promise<void> {
    this.counters.delete(key);
    this.trusted.set(key, true, lifetime);
  }

  async isTrusted(key: string): Promise<boolean> {
    return this.trusted.get(key) ?? false;
  }
}
