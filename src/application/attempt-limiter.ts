import {
  limitNamed,
  Throttled,
  type AttemptLimits,
  type LimitName,
  type RateLimit,
} from '../domain/rate-limit.js';
import { networkOf } from '../domain/client-network.js';
import { beginningOf } from '../domain/input.js';
import { maxUsernameLength } from '../domain/user.js';
import type { Digest } from './ports/environment.js';
import type { ReportEvent } from './ports/events.js';
import type { LimitSubject, RateLimiter } from './ports/rate-limiter.js';
import { StorageUnavailable } from './ports/storage.js';

/** How long a network is trusted for an account after a sign-in from it, in seconds. */
const trustLifetime = 30 * 86_400;

/** An attempt that was counted. */
export interface Attempt {
  /** Takes the attempt back. */
  giveBack(): Promise<void>;
}

/** An attempt to sign in that was counted. */
export interface SignInAttempt extends Attempt {
  /** Whether the user has signed in from this network within 30 days. */
  readonly isTrusted: boolean;
  /**
   * Records that the sign-in succeeded. This attempt and earlier ones with this name from this network no longer count,
   * and the network is trusted from now on.
   */
  succeed(): Promise<void>;
}

/** The outcome of an attempt at one limit: it is counted, or there will be room for it in `wait` seconds. */
interface Counting extends Attempt {
  readonly wait: number;
  readonly limit: LimitName;
  /** Where it was counted: in the storage or, if that is unavailable, in this process. */
  readonly by: RateLimiter;
}

/**
 * Rate limits against password guessing and floods. Every attempt is counted before any work is done for it. An attempt
 * over a limit throws Throttled. While the storage is unavailable, attempts are counted in this process, at a tenth of
 * the limits.
 */
export class AttemptLimiter {
  constructor(
    private readonly rateLimiter: RateLimiter,
    /** Counts in this process while the storage is unavailable. */
    private readonly fallback: RateLimiter,
    private readonly digest: Digest,
    private readonly limits: AttemptLimits,
    private readonly report: ReportEvent,
  ) {}

  /**
   * Counts an attempt to sign in. If the user has signed in from this network within 30 days, the limit per user name
   * does not apply, so that attackers cannot lock the owner of an account out.
   */
  async signIn(address: string, username: string): Promise<SignInAttempt> {
    const network = networkOf(address);
    // An attempt that is rejected for its address is not counted for the name.
    const ofAddress = await this.count({ limit: 'sign_in_address', network });
    requireRoom(ofAddress);
    const fromHere = { limit: 'sign_in', network, username } as const;
    // A storage that was unavailable is not called again: a client should wait for one timeout only.
    const [ofBoth, isTrusted] = await Promise.all([
      this.count(fromHere, ofAddress.by),
      this.isTrusted(fromHere, ofAddress.by),
    ]);
    requireRoom(ofBoth);
    const ofName = await this.count({ limit: 'sign_in_username', username }, ofBoth.by);
    if (!isTrusted) requireRoom(ofName);

    const giveBack = async () => {
      await Promise.all([ofAddress, ofBoth, ofName].map((counting) => counting.giveBack()));
    };
    const succeed = async () => {
      await Promise.all([giveBack(), this.trust(fromHere, ofBoth.by)]);
    };
    return { isTrusted, giveBack, succeed };
  }

  /** Counts an attempt to use a password link, together with the sign-ins from this network. */
  async usePasswordLink(address: string): Promise<Attempt> {
    const counting = await this.count({ limit: 'sign_in_address', network: networkOf(address) });
    this.requireReportedRoom(counting, address);
    return counting;
  }

  /** Forgets the attempts to sign in under this name: those from this network, and those for the limit per name. */
  async forgetSignIns(address: string, username: string): Promise<void> {
    const subjects = [
      { limit: 'sign_in', network: networkOf(address), username },
      { limit: 'sign_in_username', username },
    ] as const;
    const cleared = subjects.map((subject) => this.rateLimiter.clear(this.keyOf(subject)));
    await ifAvailable(Promise.all(cleared), undefined);
  }

  /** Counts a registration. */
  async register(address: string): Promise<Attempt> {
    const counting = await this.count({ limit: 'register', network: networkOf(address) });
    this.requireReportedRoom(counting, address);
    return counting;
  }

  /** Counts a refresh. */
  async refresh(address: string): Promise<void> {
    const counting = await this.count({ limit: 'refresh', network: networkOf(address) });
    this.requireReportedRoom(counting, address);
  }

  /** Also reports that the limit is reached. (CheckPassword reports what becomes of a sign-in.) */
  private requireReportedRoom(counting: Counting, address: string): void {
    if (counting.wait > 0) this.report({ event: 'throttled', address, limit: counting.limit });
    requireRoom(counting);
  }

  private async count(subject: LimitSubject, by = this.rateLimiter): Promise<Counting> {
    const limit = limitNamed(subject.limit, this.limits);
    if (limit === 'off') return { wait: 0, limit: subject.limit, by, giveBack: async () => {} };
    const key = this.keyOf(subject);
    if (by === this.fallback) return counted(key, aTenthOf(limit), subject, by);
    const counting = await ifAvailable(counted(key, limit, subject, by), undefined);
    return counting ?? this.count(subject, this.fallback);
  }

  private async isTrusted(subject: LimitSubject, by: RateLimiter): Promise<boolean> {
    return this.knowsNetworks && ifAvailable(by.isTrusted(this.keyOf(subject)), false);
  }

  private async trust(subject: LimitSubject, by: RateLimiter): Promise<void> {
    if (this.knowsNetworks) await ifAvailable(by.trust(this.keyOf(subject), trustLifetime), undefined);
  }

  private get knowsNetworks(): boolean {
    return this.limits.signIn !== 'off' || this.limits.signInUsername !== 'off';
  }

  private keyOf({ limit, network, username }: LimitSubject): string {
    const who = [network, username].filter((each) => each !== undefined).join(' ');
    return `${limit.replaceAll('_', '-')}:${this.digest(who)}`;
  }
}

async function counted(
  key: string,
  limit: RateLimit,
  subject: LimitSubject,
  by: RateLimiter,
): Promise<Counting> {
  const wait = await by.consume(key, limit, cut(subject));
  return {
    wait,
    limit: subject.limit,
    by,
    giveBack: async () => {
      if (wait === 0) await ifAvailable(by.giveBack(key), undefined);
    },
  };
}

/** The subject with no more of its name than an account's can have. */
function cut(subject: LimitSubject): LimitSubject {
  const { username } = subject;
  return username === undefined
    ? subject
    : { ...subject, username: beginningOf(username, 2 * maxUsernameLength) };
}

function requireRoom({ wait, limit }: Counting): void {
  if (wait > 0) throw new Throttled(wait, limit);
}

/** The result, or `otherwise` if the storage is unavailable. */
async function ifAvailable<T, U>(result: Promise<T>, otherwise: U): Promise<T | U> {
  return result.catch((error: unknown) => {
    if (error instanceof StorageUnavailable) return otherwise;
    throw error;
  });
}

function aTenthOf(limit: RateLimit): RateLimit {
  return { ...limit, attempts: Math.max(1, Math.floor(limit.attempts / 10)) };
}
