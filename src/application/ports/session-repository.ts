import type { RotationRequest, Session } from '../../domain/session.js';

/** Names a user's session, as a verified token does. Only the storage knows whether it is still active. */
export interface SessionRef {
  readonly userId: number;
  readonly sessionId: string;
}

/**
 * Sessions. A token is valid only while its session is active here. An expired session counts as missing: from the time
 * `current.expiresAt` on, nothing finds, lists, counts or ends it. A method with the argument `by` acts for that
 * session: in the same step, it checks that the session is active, before everything else; if it is not, it changes
 * nothing and rejects with 'token_revoked'. Once a session has ended, nothing that began before brings it back. Two
 * sessions may end each other at the same time: one of them does, and the other is told that it has ended.
 *
 * The ids of sessions and tokens have up to 32 characters. No session is opened with the id of another one that is
 * active.
 */
export interface SessionRepository {
  /**
   * Opens the session if its user is active and still has this password hash; otherwise resolves to undefined. This is
   * one step: a sign-in that races a deactivation, a deletion or a new password leaves no session open. At most `limit`
   * of the user's sessions stay active: the least recently used are ended (among equals, those opened first), in the
   * same step. `limit` is at least 1. Resolves to the number of sessions that it ended.
   */
  open(session: Session, passwordHash: string, limit: number): Promise<number | undefined>;
  /**
   * Opens a session for a token that the replaced backend has issued, as `isAdoptable` of the domain decides from the
   * account and from when all of the user's sessions were last ended: by `endAll`, `endAllOf`, a deactivation or a new
   * password, but not by the hash of the same one. A session is adopted once: until it would have expired, it is not opened
   * again, even if it has ended since. One step: of any number of concurrent calls, exactly one opens it, and one that
   * races an end of all sessions leaves none. Resolves to whether it has opened the session. There is no limit to their
   * number.
   */
  adopt(session: Session): Promise<boolean>;
  /** The session, if it is active. */
  find(session: SessionRef): Promise<Session | undefined>;
  /**
   * All active sessions of the same user, `by` included, ordered by `openedAt`; those opened in one second are in the
   * order in which they were opened.
   */
  list(by: SessionRef): Promise<readonly Session[]>;
  /** Sets the session's `lastUsedAt` to `at`, and nothing else, unless it has ended or was used later. */
  touch(session: SessionRef, at: number): Promise<void>;
  /**
   * Makes `next` the session's current refresh token if `presented` still is the current one, as `rotate` of the domain
   * decides, and resolves to the resulting session. A reused token ends the session. If any number of callers present
   * the same token concurrently, exactly one of them rotates it.
   */
  rotate(session: SessionRef, rotation: RotationRequest): Promise<Session | 'reused' | 'gone'>;
  /** Ends the session. False if it was not active. */
  end(session: SessionRef): Promise<boolean>;
  /** Ends a session of the same user, which may be `by` itself. False if it was not active. */
  endOther(by: SessionRef, sessionId: string): Promise<boolean>;
  /** Ends all sessions of the same user, `by` included, in one step. */
  endAll(by: SessionRef): Promise<void>;
  /** For the operator: what `list` returns to the user. Empty if there is no such user. */
  listOf(userId: number): Promise<readonly Session[]>;
  /** For the operator: ends all sessions of the user in one step. Resolves to how many were active; 0 if none. */
  endAllOf(userId: number): Promise<number>;
}
