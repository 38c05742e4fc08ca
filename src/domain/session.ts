/** The rules for sessions and their tokens. Durations are in seconds. */
export interface SessionPolicy {
  readonly accessLifetime: number;
  readonly refreshLifetime: number;
  /** With rotation, a session ends this long after sign-in at the latest. */
  readonly sessionLifetime: number;
  /** Refresh token rotation: every refresh token works once, and the response contains its successor. */
  readonly rotate: boolean;
  /** How long a rotated-out refresh token still gets the current one; 0 means never. */
  readonly grace: number;
  /** How many active sessions one user may have. A further sign-in ends the least recently used. */
  readonly maxPerUser: number;
}

/**
 * One refresh token of a session; all refresh tokens of a session are a token family. Times are whole seconds since the
 * epoch, so that signing it again gives the same token.
 */
export interface RefreshGeneration {
  readonly id: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** A session begins with a sign-in. It is active until its current refresh token expires, or until somebody ends it. */
export interface Session {
  readonly id: string;
  readonly userId: number;
  /** Whole seconds since the epoch. */
  readonly openedAt: number;
  /**
   * When it was opened or, if later, last refreshed, in whole seconds since the epoch. Without rotation it may be up to
   * a minute behind.
   */
  readonly lastUsedAt: number;
  /** The client that signed in: its IPv4 address, or its IPv6 network. Undefined for an adopted session. */
  readonly address?: string;
  /** The only refresh token that is valid now. */
  readonly current: RefreshGeneration;
  /** Earlier refresh tokens that still get the current one, in the order in which they were rotated out; at most 64. */
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

/** The claims of a token (docs/api.md, section 6). Times are whole seconds since the epoch. */
export interface TokenClaims {
  readonly type: 'access' | 'refresh';
  readonly id: string;
  readonly userId: number;
  readonly sessionId: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** The replaced backend has issued the token. Its session has the token's own id: see `adoptedSession`. */
  readonly isLegacy?: true;
}

/** A new session. `now` is in seconds since the epoch. */
export function openSession(
  { refreshId, ...owner }: Pick<Session, 'id' | 'userId' | 'address'> & { readonly refreshId: string },
  now: number,
  policy: SessionPolicy,
): Session {
  const openedAt = Math.floor(now);
  const current = nextGeneration({ openedAt }, refreshId, now, policy);
  return { ...owner, openedAt, lastUsedAt: openedAt, current };
}

/** The next refresh token of a session. With rotation, no refresh token outlives the session's absolute end. */
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

/** A client presents a refresh token, to get `next` for it. */
export interface RotationRequest {
  readonly presented: Pick<RefreshGeneration, 'id' | 'issuedAt'>;
  readonly next: RefreshGeneration;
  /** How many seconds a rotated-out token still gets the current one. */
  readonly grace: number;
}

/** The outcome of a rotation. */
export type Rotation =
  /**
   * The resulting session. Its current refresh token is `next` or, within the grace time, the one that it already had.
   */
  | { readonly outcome: 'rotated'; readonly session: Session }
  /** The token was used before and may be stolen, so the session must end. */
  | { readonly outcome: 'reused' };

/** How many rotated-out refresh tokens a session remembers. */
const maxRotatedOut = 64;

/**
 * Decides a refresh token rotation with reuse detection (RFC 9700, 4.14.2). A token that was rotated out less than
 * `grace` seconds ago gets the current one. A token issued less than `grace` seconds ago that is not the current one must
 * have been rotated out since, and needs no record; `rotatedOut` has the others. The function is idempotent: deciding
 * again with the same `next` gives the same session.
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

/**
 * The session with the rotated-out tokens that must be remembered because the time of issue is not enough to know them.
 */
function remembering(all: readonly RotatedOut[], session: Session, now: number, grace: number): Session {
  /**
   * For how many seconds the token needs its record: until it was rotated out too long ago, from when it was issued too
   * long ago.
   */
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

/** Clocks differ and may be set back, so a time in the future counts like one in the past. */
function isWithin(seconds: number, time: number, now: number): boolean {
  return Math.abs(now - time) < seconds;
}

/** Whether the session has not expired. It may have been ended all the same. */
export function isUnexpired(session: Session, now: number): boolean {
  return now < session.current.expiresAt;
}

/** The session that a token of the replaced backend becomes. It ends with the token, unless a refresh prolongs it. */
export function adoptedSession({ id, userId, sessionId, issuedAt, expiresAt }: TokenClaims): Session {
  const current = { id, issuedAt, expiresAt };
  return { id: sessionId, userId, openedAt: issuedAt, lastUsedAt: issuedAt, current };
}

/** Whether the session may have begun with a token of the replaced backend: every sign-in knows its client's address. */
export function mayBeAdopted({ address }: Session): boolean {
  return address === undefined;
}

/**
 * Whether such a session may be opened now: its user is active, and the token is neither older than the account, as one of
 * somebody else with this id before, nor from before all sessions of the user were last ended, at `endedAt`. Whole
 * seconds are compared.
 */
export function isAdoptable(
  session: Session,
  { active, createdAt }: { readonly active: boolean; readonly createdAt: number },
  endedAt: number | undefined,
  now: number,
): boolean {
  const isOfThisAccount = session.openedAt >= Math.floor(createdAt);
  const isLater = endedAt === undefined || session.openedAt > Math.floor(endedAt);
  return active && isOfThisAccount && isLater && isUnexpired(session, now);
}

/** The claims of a new access token, which never outlives the session's current refresh token. */
export function accessClaims(session: Session, id: string, now: number, policy: SessionPolicy): TokenClaims {
  const issuedAt = Math.floor(now);
  const expiresAt = Math.min(issuedAt + policy.accessLifetime, session.current.expiresAt);
  return { type: 'access', id, userId: session.userId, sessionId: session.id, issuedAt, expiresAt };
}

/** The claims of the session's current refresh token. They are the same at each call. */
export function refreshClaims(session: Session): TokenClaims {
  return { type: 'refresh', userId: session.userId, sessionId: session.id, ...session.current };
}
