import { randomUUID } from 'node:crypto';
import type { Clock } from '../../application/ports/environment.js';
import type {
  LimitSubject,
  RateLimiter,
  ReachedLimit,
  ReachedLimits,
} from '../../application/ports/rate-limiter.js';
import { UnreadableData } from '../../application/ports/storage.js';
import { limitNames, type RateLimit } from '../../domain/rate-limit.js';
import type { Keys } from './keys.js';
import { mastersOf } from './connection/redis-client.js';
import type { RedisConnection } from './connection/redis-connection.js';
import * as scripts from './rate-limiter-scripts.js';

/** How many keys of Redis one part of a list looks at. */
const scanned = 1000;

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

  async consume(key: string, { attempts, period }: RateLimit, subject: LimitSubject): Promise<number> {
    const { counted } = this.keys.ofRateLimiter(key);
    const wait = await scripts.countAttempt(this.redis, {
      counted,
      operation: `${counted}:${randomUUID()}`,
      maxAttempts: attempts,
      seconds: period,
      time: this.clock(),
      subject: JSON.stringify(subject),
    });
    return Number(wait);
  }

  async giveBack(key: string): Promise<void> {
    const { counted } = this.keys.ofRateLimiter(key);
    await scripts.giveBackAttempt(this.redis, { counted, operation: `${counted}:${randomUUID()}` });
  }

  async clear(key: string): Promise<void> {
    await this.redis.send((client) => client.del(this.keys.ofRateLimiter(key).counted));
  }

  /** `next` is the number of a master and a cursor of its SCAN. */
  async listReached(next = '0 0'): Promise<ReachedLimits> {
    const [number = '', cursor = ''] = next.split(' ');
    const { masters, position, counters } = await this.redis.send(async (whole) => {
      const all = mastersOf(whole);
      const client = all[Number(number)];
      if (!client) return { masters: 0, position: '0', counters: [] };
      const pattern = this.keys.everyCounter;
      const [after, found] = await client.scan(cursor, 'MATCH', pattern, 'COUNT', scanned);
      return { masters: all.length, position: after, counters: found };
    });
    const listed = await Promise.all(counters.map((counted) => this.readReached(counted)));
    const reached = listed.filter((each) => each !== undefined);
    if (position !== '0') return { reached, next: `${number} ${position}` };
    return Number(number) + 1 < masters ? { reached, next: `${Number(number) + 1} 0` } : { reached };
  }

  private async readReached(counted: string): Promise<ReachedLimit | undefined> {
    const fields = await this.redis.send((client) => client.hmget(counted, 'subject', 'count', 'at'));
    const [text, count, at] = fields;
    if (text === null || text === undefined) return undefined;
    const subject = parseSubject(text);
    const attempts = { count: Number(count), at: Number(at) };
    if (!subject || !Number.isFinite(attempts.count) || !Number.isFinite(attempts.at)) {
      throw new UnreadableData(counted);
    }
    return { key: this.keys.ofCounter(counted), subject, counted: attempts };
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

function parseSubject(text: string): LimitSubject | undefined {
  const { limit: name, network, username } = parseObject(text);
  const limit = limitNames.find((each) => each === name);
  if (!limit) return undefined;
  return {
    limit,
    ...(typeof network === 'string' && { network }),
    ...(typeof username === 'string' && { username }),
  };
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    return { ...(JSON.parse(text) as object) };
  } catch {
    return {};
  }
}
