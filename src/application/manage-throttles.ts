import { networkOf } from '../domain/client-network.js';
import { countAttempt, limitNamed, type AttemptLimits } from '../domain/rate-limit.js';
import { normaliseUsername } from '../domain/user.js';
import type { Clock } from './ports/environment.js';
import type { LimitSubject, RateLimiter, ReachedLimit } from './ports/rate-limiter.js';

/** Whom a rate limit slows down now. */
export interface Throttle extends LimitSubject {
  /** In how many seconds there will be room for one more attempt; 0 if there is room now. */
  readonly wait: number;
}

/** Shows and lifts rate limits that were reached, for the operator. */
export class ManageThrottles {
  constructor(
    private readonly rateLimiter: RateLimiter,
    private readonly clock: Clock,
    private readonly limits: AttemptLimits,
  ) {}

  /** The limits that were reached, as long as some of the attempts still count. One may be listed twice. */
  async *list(): AsyncGenerator<Throttle, void, undefined> {
    for await (const { subject, counted } of this.reached()) {
      const limit = limitNamed(subject.limit, this.limits);
      if (limit === 'off') continue;
      const attempt = countAttempt(counted, limit, this.clock());
      if ('wait' in attempt) yield { ...subject, wait: attempt.wait };
      else if (attempt.counted.count > 1) yield { ...subject, wait: 0 };
    }
  }

  /** Lifts the limits that were reached under this name, from all networks. Resolves to their number. */
  clearUser(name: string): Promise<number> {
    const username = normaliseUsername(name);
    return this.clear((subject) => subject.username === username);
  }

  /** Lifts the limits that clients from the network of this address have reached. Resolves to their number. */
  clearAddress(address: string): Promise<number> {
    const network = networkOf(address);
    return this.clear((subject) => subject.network === network);
  }

  private async clear(isMeant: (subject: LimitSubject) => boolean): Promise<number> {
    const cleared = new Set<string>();
    for await (const { key, subject } of this.reached()) {
      if (!isMeant(subject)) continue;
      await this.rateLimiter.clear(key);
      cleared.add(key);
    }
    return cleared.size;
  }

  private async *reached(): AsyncGenerator<ReachedLimit, void, undefined> {
    let part = await this.rateLimiter.listReached();
    yield* part.reached;
    while (part.next !== undefined) {
      part = await this.rateLimiter.listReached(part.next);
      yield* part.reached;
    }
  }
}
