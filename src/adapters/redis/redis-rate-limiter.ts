import { randomUUID } from 'node:crypto';
import type { Clock } from '../../application/ports/environment.js';
import type { RateLimiter } from '../../application/ports/rate-limiter.js';
import type { RateLimit } from '../../domain/rate-limit.js';
import type { Keys } from './keys.js';
import type { RedisConnection } from './connection/redis-connection.js';
import * as scripts from './rate-limiter-scripts.js';

/**
 * Counts each attempt in one script, with the domain's rule in Lua. Reading first and writing then would let concurrent
 * attempts exceed the limit.
 */
export class RedisRateLimiter implements RateLimiter {
  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: Keys,
    private readonly clock: Clock,
  ) {}

  async consume(key: string, { attempts, period }: RateLimit): Promise<number> {
    const { counted } = this.keys.ofRateLimiter(key);
    const wait = await scripts.countAttempt(this.redis, {
      counted,
      operation: `${counted}:${randomUUID()}`,
      maxAttempts: attempts,
      seconds: period,
      time: this.clock(),
    });
    return Number(wait);
  }

  async giveBack(key: string): Promise<void> {
    const { counted } = this.keys.ofRateLimiter(key);
    await scripts.giveBackAttempt(this.redis, { counted, operation: `${counted}:${randomUUID()}` });
  }

  async trust(key: string, lifetime: number): Promise<void> {
    const { counted, trusted } = this.keys.ofRateLimiter(key);
    // Redis stores an integer without a memory allocation of its own.
    const trustedUntil = Math.ceil(this.clock() + lifetime);
    await scripts.trust(this.redis, { counted, trusted, trustedUntil, lifetime });
  }

  async isTrusted(key: string): Promise<boolean> {
    const until = await this.redis.send((client) => client.get(this.keys.ofRateLimiter(key).trusted));
    return this.clock() < Number(until);
  }
}
