/** How long tokens and sessions last, in seconds, whether refresh tokens are exchanged at each use, and how many sessions there may be. */
export interface SessionPolicy {
  readonly accessLifetime: number;
  readonly refreshLifetime: number;
  /** A session whose refresh tokens rotate ends this long after sign-in at the latest. */
  readonly sessionLifetime: number;
  /** With rotation every refresh token works once, and the answer carries its successor. */
  readonly rotate: boolean;
  /** How long a rotated-out refresh token still gets the current one; 0 = never. */
  readonly grace: number;
  /** How many live sessions one user may have; the least recently used make room. */
  readonly maxPerUser: number;
}

/** One refresh token of a session. Times are whole seconds since the epoch, so that the token can be signed again. */
export interface RefreshGeneration {
  readonly id: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** What one sign-in opened. It lasts until its current refresh token expires, or until somebody ends it. */
export interface Session {
  readonly id: string;
  readonly userId: number;
  /** Whole seconds since the epoch. */
  readonly openedAt: number;
  /** When it was opened or, if that was later, last refreshed; to the minute where tokens do not rotate. Whole seconds since the epoch. */
  readonly lastUsedAt: number;
  /** Where it was opened from, if that is known: the client's address, or with IPv6 its network. */
  readonly address?: string;
  /** The only refresh token that is good now. */
  readonly current: RefreshGeneration;
  /** Refresh tokens before `current` that may still get it, in the order in which they were rotated out; 64 at most. */
  readonly rotatedOut?: readonly RotatedOut[];
}

/** A refresh token that was exchanged for its successor. */
export interface RotatedOut {
  readonly id: string;
  /** Whole seconds since the epoch. */
  readonly issuedAt: number;
  /** Seconds since the epoch, to the millisecond. */
  readonly rotatedAt: number;
}

/** What a token says (docs/api.md, section 6). Times are whole seconds since the epoch. */
export interface TokenClaims {
  readonly type: 'access' | 'refresh';
  readonly id: string;
  readonly userId: number;
  readonly sessionId: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** A session for a user who has just signed in. `now` is in seconds since the epoch. */
export function openSession(
  { refreshId, ...owner }: Pick<Session, 'id' | 'userId' | 'address'> & { readonly refreshId: string },
  now: number,
  policy: SessionPolicy,
): Session {
  const openedAt = Math.floor(now);
  const current = nextGeneration({ openedAt }, refreshId, now, policy);
  return { ...owner, openedAt, lastUsedAt: openedAt, current };
}

/** The refresh token that may follow a session's current one. Rotation never moves a session's absolute end. */
export function nextGeneration(
  session: Pick<Session, 'openedAt'>,
  id: string,
  now: number,
  policy: SessionPolicy,
): RefreshGeneration {
  const issuedAt = Math.floor(now);
  const expiresAt = issuedAt + policy.refreshLifetime;
  const absoluteEnd = session.openedAt + policy.sessionLifetime;
  return { id, issuedAt, expiresAt: policy.rotate ? Math.min(expiresAt, absoluteEnd) : expiresAt };
}

/** A refresh token is presented to be exchanged for `next`. */
export interface RotationRequest {
  readonly presented: Pick<RefreshGeneration, 'id' | 'issuedAt'>;
  readonly next: RefreshGeneration;
  /** How many seconds a rotated-out token still gets the current one. */
  readonly grace: number;
}

/** What comes of a rotation. */
export type Rotation =
  /** The session as it is now. `next` is its current refresh token or, within the grace time, the one that it had before. */
  | { readonly outcome: 'rotated'; readonly session: Session }
  /** The token was spent before: whoever shows it again may have stolen it, so the session must end. */
  | { readonly outcome: 'reused' };

/** How many rotated-out refresh tokens a session remembers. */
const maxRotatedOut = 64;

/**
 * Decides a rotation (RFC 9700, 4.14.2). A token that was rotated out less than `grace` seconds ago gets the current one:
 * one that was issued since then must have been, others are remembered. Deciding again with the same `next` gives the
 * same session.
 */
export function rotate(session: Session, { presented, next, grace }: RotationRequest, now: number): Rotation {
  const { current, rotatedOut = [] } = session;
  if (presented.id === current.id) {
    const lastUsedAt = Math.max(session.lastUsedAt, next.issuedAt);
    const { id, issuedAt } = current;
    const all = [...rotatedOut, { id, issuedAt, rotatedAt: Math.round(now * 1000) / 1000 }];
    return {
      outcome: 'rotated',
      session: remembering(all, { ...session, lastUsedAt, current: next }, now, grace),
    };
  }
  const { rotatedAt = presented.issuedAt } = rotatedOut.find(({ id }) => id === presented.id) ?? {};
  const isKnown =
    current.id === next.id || isWithin(grace, presented.issuedAt, now) || isWithin(grace, rotatedAt, now);
  return isKnown ? { outcome: 'rotated', session } : { outcome: 'reused' };
}

/** The session with those of the rotated-out tokens for which the time of their issue alone will not tell enough. */
function remembering(all: readonly RotatedOut[], session: Session, now: number, grace: number): Session {
  /** For how many seconds the token needs its record: from when it was issued too long ago until it was rotated out too long ago. */
  const need = ({ issuedAt, rotatedAt }: RotatedOut) =>
    Math.min(rotatedAt - issuedAt, rotatedAt + grace - now);
  const needed = all.filter((token) => isWithin(grace, token.rotatedAt, now));
  if (needed.length > maxRotatedOut) {
    const least = Math.min(...needed.map(need));
    needed.splice(
      needed.findIndex((token) => need(token) === least),
      1,
    );
  }
  const { rotatedOut: _, ...rest } = session;
  return needed.length === 0 ? rest : { ...rest, rotatedOut: needed };
}

/** Clocks differ, and are set: a time that looks like the future counts as much as one that has passed. */
function isWithin(seconds: number, time: number, now: number): boolean {
  return Math.abs(now - time) < seconds;
}

/** Whether the session has not run out of time; it may still have been ended. */
export function isUnexpired(session: Session, now: number): boolean {
  return now < session.current.expiresAt;
}

/** An access token of the session; it never outlives what the session is good for now. */
export function accessClaims(session: Session, id: string, now: number, policy: SessionPolicy): TokenClaims {
  const issuedAt = Math.floor(now);
  const expiresAt = Math.min(issuedAt + policy.accessLifetime, session.current.expiresAt);
  return { type: 'access', id, userId: session.userId, sessionId: session.id, issuedAt, expiresAt };
}

/** The session's current refresh token, the same one however often it is asked for. */
export function refreshClaims(session: Session): TokenClaims {
  return { type: 'refresh', userId: session.userId, sessionId: session.id, ...session.current };
}
