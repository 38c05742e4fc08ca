import { StorageUnavailable } from '../domain/errors.js';
import { Throttled, type AttemptLimits, type Limit } from '../domain/limit.js';
import { networkOf } from '../domain/network.js';
import type { Digest, Throttle } from './ports.js';

/** How long the owner of an account is known by the network from which they signed in, in seconds. */
const trustLifetime = 30 * 86_400;

/**
 * Keeps those who guess from guessing often. Every attempt counts before any work is done for it; one too many throws
 * Throttled. While the storage cannot count, no sign-in and no registration is let through (StorageUnavailable).
 */
export class LimitAttempts {
  constructor(
    private readonly throttle: Throttle,
    /** Counts in this process what the storage cannot count. */
    private readonly insurance: Throttle,
    private readonly digest: Digest,
    private readonly limits: AttemptLimits,
  ) {}

  /**
   * Counts a sign-in. Whoever has lately signed in from their network gets through however many others try, so that
   * strangers cannot shut the owner of an account out.
   */
  async signIn(address: string, username: string): Promise<void> {
    // What is refused for its address leaves no trace under any name.
    await this.count(this.key('sign-in-address', networkOf(address)), this.limits.signInAddress);
    const fromHere = this.signInKey(address, username);
    await this.count(fromHere, this.limits.signIn);
    const fromEverywhere = this.key('sign-in-username', username);
    const wait = await this.wait(this.throttle, fromEverywhere, this.limits.signInUsername);
    if (wait > 0 && !(await this.throttle.isTrusted(fromHere))) throw new Throttled(wait);
  }

  /** Forgets the sign-ins under this name from this network, because the last one was right; other counts stay. */
  async signedIn(address: string, username: string): Promise<void> {
    if (this.limits.signIn === 'off' && this.limits.signInUsername === 'off') return;
    await this.throttle.trust(this.signInKey(address, username), trustLifetime);
  }

  async register(address: string): Promise<void> {
    await this.count(this.key('register', networkOf(address)), this.limits.register);
  }

  /** Counts a refresh; in this process, and a tenth as many, while the storage cannot count: it may be able to be read. */
  async refresh(address: string): Promise<void> {
    const key = this.key('refresh', networkOf(address));
    const wait = await this.wait(this.throttle, key, this.limits.refresh).catch((error: unknown) => {
      if (!(error instanceof StorageUnavailable)) throw error;
      return this.wait(this.insurance, key, aTenthOf(this.limits.refresh));
    });
    if (wait > 0) throw new Throttled(wait);
  }

  private async count(key: string, limit: Limit | 'off'): Promise<void> {
    const wait = await this.wait(this.throttle, key, limit);
    if (wait > 0) throw new Throttled(wait);
  }

  private async wait(throttle: Throttle, key: string, limit: Limit | 'off'): Promise<number> {
    return limit === 'off' ? 0 : throttle.count(key, limit);
  }

  private signInKey(address: string, username: string): string {
    return this.key('sign-in', `${networkOf(address)} ${username}`);
  }

  private key(kind: string, who: string): string {
    return `${kind}:${this.digest(who)}`;
  }
}

function aTenthOf(limit: Limit | 'off'): Limit | 'off' {
  return limit === 'off' ? limit : { ...limit, attempts: Math.max(1, Math.floor(limit.attempts / 10)) };
}
