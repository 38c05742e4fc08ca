/** How long tokens and sessions last, in seconds, whether refresh tokens are exchanged at each use, and how many sessions there may be. */
export interface SessionPolicy {
  readonly accessLifetime: number;
  readonly refreshLifetime: number;
  /** A session whose refresh tokens rotate ends this long after sign-in at the latest. */
  readonly sessionLifetime: number;
  /** With rotation every refresh token works once, and the answer carries its successor. */
  readonly rotate: boolean;
  /** How long a rotated-out refresh token still gets the same successor again; 0 = never. */
  readonly grace: number;
  /** How many live sessions one user may have; those that were opened first make room. */
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
  /** The refresh token before `current`, and when it was rotated out, in seconds since the epoch. */
  readonly previous?: { readonly id: string; readonly rotatedAt: number };
}

/** What a token says (contract, section 6). Times are whole seconds since the epoch. */
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

/** What happens when a refresh token is shown to be exchanged for `next`. */
export type Rotation =
  /** The session as it is now; `next` is current, or, within the grace time, what the token was exchanged for before. */
  | { readonly outcome: 'rotated'; readonly session: Session }
  /** The token was spent before: whoever shows it again may have stolen it, so the session must end. */
  | { readonly outcome: 'reused' };

/** Decides a rotation (RFC 9700, 4.14.2). Deciding again with the same `next` gives the same session. */
export function rotate(
  session: Session,
  presentedId: string,
  next: RefreshGeneration,
  now: number,
  grace: number,
): Rotation {
  if (presentedId === session.current.id) {
    const previous = { id: presentedId, rotatedAt: now };
    const lastUsedAt = Math.max(session.lastUsedAt, next.issuedAt);
    return { outcome: 'rotated', session: { ...session, lastUsedAt, current: next, previous } };
  }
  const previous = session.previous;
  // Clocks differ, and are set: a time that looks like the future counts as much as one that has passed.
  const isWithinGrace = previous !== undefined && Math.abs(now - previous.rotatedAt) < grace;
  const repeated = previous?.id === presentedId && (session.current.id === next.id || isWithinGrace);
  return repeated ? { outcome: 'rotated', session } : { outcome: 'reused' };
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
