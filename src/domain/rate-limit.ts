/**
 * How many attempts are let through: so many at once, and from then on one more whenever its share of the period has
 * passed. So a limit slows down, and nobody who runs into it is shut out for longer than that share.
 */
export interface RateLimit {
  readonly attempts: number;
  /** In seconds. */
  readonly period: number;
}

/** Every limit there is. */
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

/** Thrown where a limit has been reached. Nothing was done. */
export class Throttled extends Error {
  override readonly name = 'Throttled';

  constructor(
    /** In how many seconds there will be room for one more attempt. */
    readonly wait: number,
  ) {
    super('throttled');
  }
}

/** How many attempts count, at a time in seconds since the epoch. They are forgotten evenly, a full limit within its period. */
export interface CountedAttempts {
  readonly count: number;
  readonly at: number;
}

/** What comes of an attempt: it counts, or there will be room for it in `wait` seconds. */
export type Attempt = { readonly counted: CountedAttempts } | { readonly wait: number };

/** Beyond this many seconds a wait is no error of rounding. */
const precision = 1e-6;

/** Seconds by which the clocks of processes may disagree. */
const clockSkew = 5;

/**
 * Counts one more attempt if the limit has room. Processes whose clocks disagree by up to five seconds forget nothing too
 * early. A clock that was set back keeps nobody waiting: what was counted further in the future does not count.
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

/** Counts one attempt less, as if it had not been made. */
export function giveBackAttempt({ count, at }: CountedAttempts): CountedAttempts {
  return { count: Math.max(0, count - 1), at };
}
