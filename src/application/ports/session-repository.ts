import type { RotationRequest, Session } from '../../domain/session.js';

/** A user's session, from a verified access token. Only the storage knows whether it is still active. */
export interface SessionRef {
  readonly userId: number;
  readonly sessionId: string;
}

/**
 * Sessions: a token is good only while its session is active here. An expired session is as good as none. What is done
 * `by` a session rejects with 'token_revoked', and changes nothing, unless that session is active in the same step.
 */
export interface SessionRepository {
  /**
   * Opens the session, provided its user is active and still has this password hash; answers undefined otherwise.
   * However a sign-in races a deactivation, a deletion or a new password, no session is left open behind it.
   * Where otherwise more than `limit` of the user's sessions would be active, ends the least recently used, of equal ones
   * those that were opened first; answers how many.
   */
  open(session: Session, passwordHash: string, limit: number): Promise<number | undefined>;
  /** The session, if it is active. */
  find(session: SessionRef): Promise<Session | undefined>;
  /** The active sessions of the session's user, in the order in which they were opened, within a second as well. */
  list(by: SessionRef): Promise<readonly Session[]>;
  /** Records that the session was used `at` this second, unless it has ended or was used later. */
  touch(session: SessionRef, at: number): Promise<void>;
  /**
   * Makes `next` the session's current refresh token if `presented` still is, as `rotate` of the domain decides with this
   * `grace`, and answers the session as it is then. A reused token ends the session. Of any number of concurrent callers
   * that present the same token, exactly one makes a step.
   */
  rotate(session: SessionRef, rotation: RotationRequest): Promise<Session | 'reused' | 'gone'>;
  /** Ends the session; answers whether it was there to end. */
  end(session: SessionRef): Promise<boolean>;
  /** Ends a session of the same user, which may be this very one; answers whether it was there to end. */
  endOther(by: SessionRef, sessionId: string): Promise<boolean>;
  /** Ends all sessions of the session's user, this one included, in one step. */
  endAll(by: SessionRef): Promise<void>;
}
