/** Everything the domain and the use cases refuse, by name. What a client is told is the HTTP adapter's matter. */
export type ErrorCode =
  /** Strangers may not register here. */
  | 'registration_closed'
  /** No active account has this name and password; which of the three failed is nobody's business. */
  | 'invalid_credentials'
  /** The token is not one of ours, was changed on the way, or its time is over. */
  | 'token_invalid'
  /** A good token of the other kind: an access token where a refresh token is needed, or the reverse. */
  | 'token_wrong_type'
  /** A good token that was rotated out, or whose session has ended. */
  | 'token_revoked'
  /** The access token's user was deleted. */
  | 'user_not_found'
  /** The access token's user was deactivated. */
  | 'user_inactive'
  /** The user of a token shown for refresh or verification was deleted or deactivated. */
  | 'no_active_account'
  /** The task is missing, deleted, or somebody else's. */
  | 'task_not_found'
  /** The owner has as many tasks as one user may have. */
  | 'task_limit_reached'
  /** The texts of the owner's tasks are as long as one user's may be. */
  | 'byte_limit_reached'
  /** The owner has as many long lists in progress as one user may have. */
  | 'too_many_reads'
  /** The key that names a request has named another one before. */
  | 'idempotency_key_reused'
  /** The owner has named as many requests as one user may in a day. */
  | 'idempotency_key_limit_reached'
  /** The session is missing, has ended, or is somebody else's. */
  | 'session_not_found';

/** A refusal that the caller can be told about. */
export class DomainError extends Error {
  override readonly name = 'DomainError';

  constructor(readonly code: ErrorCode) {
    super(code);
  }
}
