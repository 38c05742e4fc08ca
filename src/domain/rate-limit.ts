/**
 * A rate limit, as a leaky bucket: `attempts` are allowed at once, and then one more each `period / attempts` seconds.
 * It slows clients down, and nobody who reaches it has to wait longer than that for the next attempt.
 */
export interface RateLimit {
  readonly attempts: number;
  /** In seconds. */
  readonly period: number;
}

/** All rate limits. */
export interface AttemptLimits {
  /** Sign-ins under one name from one network. */
  readonly signIn: RateLimit | 'off';
  /** Sign-ins under one name from everywhere. */
  readonly signInUsername: RateLimit | 'off';
  /** Sign-ins from one network. */
  readonly signInAddress: RateLimit | 'off';
  /** Registrations from one network. */
  readonly register: RateLimit | 'off';
  /** Refreshes from one network. */
  readonly refresh: RateLimit | 'off';
}

/** The rate limits, by the names of their settings: `sign_in_username` is THROTTLE_SIGN_IN_USERNAME. */
export const limitNames = ['sign_in', 'sign_in_username', 'sign_in_address', 'register', 'refresh'] as const;

export type LimitName = (typeof limitNames)[number];

/** The limit of this name. */
export function limitNamed(name: LimitName, limits: AttemptLimits): RateLimit | 'off' {
  const byName = {
    sign_in: limits.signIn,
    sign_in_username: limits.signInUsername,
    sign_in_address: limits.signInAddress,
    register: limits.register,
    refresh: limits.refresh,
  };
  return byName[name];
}

/** A rate limit is reached. Nothing was done. */
export class Throttled extends Error {
  override readonly name = 'Throttled';

  constructor(
    /** In how many seconds there will be room for one more attempt. */
    readonly wait: number,
    readonly limit: LimitName,
  ) {
    super('throttled');
  }
}

/**
 * The fill level of the leaky bucket: `count` attempts, at the time `at` in seconds since the epoch. It leaks evenly: a
 * full bucket is empty after one period.
 */
export interface CountedAttempts {
  readonly count: number;
  readonly at: number;
}

/** The outcome of an attempt: it is counted, or there will be room for it in `wait` seconds. */
export type Attempt = { readonly counted: CountedAttempts } | { readonly wait: number };

/** A wait of fewer seconds is a rounding error. */
const precision = 1e-6;

/** Seconds by which the clocks of processes may disagree. */
const clockSkew = 5;

/**
 * Counts one more attempt if the limit has room. The clocks of processes may disagree by up to five seconds: nothing is
 * forgotten too early. After a clock was set back, attempts from further in the future do not count, so nobody has to
 * wait for them.
 */
export function countAttempt(
  before: CountedAttempts | undefined,
  { attempts, period }: RateLimit,
  now: number,
): Attempt {
  const { count, at } = before && before.at <= now + clockSkew ? before : { count: 0, at: now };
  const forgotten = (Math.max(0, now - at) * attempts) / period;
  const left = Math.min(attempts, Math.max(0, count - forgotten));
  const wait = ((left + 1 - attempts) * period) / attempts;
  return wait > precision ? { wait } : { counted: { count: left + 1, at: Math.max(at, now) } };
}

/** Takes back one attempt, as if it had not been made. */
export function giveBackAttempt({ count, at }: CountedAttempts): CountedAttempts {
  return { count: Math.max(0, count - 1), at };
}
