import type { Clock } from '../../application/ports/environment.js';
import type { RateLimiter } from '../../application/ports/rate-limiter.js';
import {
  countAttempt,
  giveBackAttempt,
  type CountedAttempts,
  type RateLimit,
} from '../../domain/rate-limit.js';
import { ExpiringMap } from './expiring-map.js';

/** Every method does all its work before it returns its promise, so each method is one atomic step. */
export class InMemoryRateLimiter implements RateLimiter {
  private readonly counted: ExpiringMap<CountedAttempts>;
  private readonly trusted: ExpiringMap<true>;

  constructor(private readonly clock: Clock) {
    this.counted = new ExpiringMap(clock);
    this.trusted = new ExpiringMap(clock);
  }

  async consume(key: string, limit: RateLimit): Promise<number> {
    const attempt = countAttempt(this.counted.get(key), limit, this.clock());
    if ('wait' in attempt) return attempt.wait;
    this.counted.set(key, attempt.counted, limit.period);
    return 0;
  }

  async giveBack(key: string): Promise<void> {
    this.counted.change(key, giveBackAttempt);
  }

  async trust(key: string, lifetime: number): Promise<void> {
    this.counted.delete(key);
    this.trusted.set(key, true, lifetime);
  }

  async isTrusted(key: string): Promise<boolean> {
    return this.trusted.get(key) ?? false;
  }
}
