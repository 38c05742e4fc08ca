/**
 * Why the domain or a use case rejects, as a code. The HTTP adapter turns codes into responses. In docstrings, "throws
 * 'task_not_found'" means a DomainError with that code.
 */
export type ErrorCode =
  /** Registration is closed. */
  | 'registration_closed'
  /** No active account has this name and password. Which part is wrong stays secret (user enumeration). */
  | 'invalid_credentials'
  /** The token is not one of ours, was changed, or has expired. */
  | 'token_invalid'
  /** A valid token of the wrong type: an access token where a refresh token is needed, or the reverse. */
  | 'token_wrong_type'
  /** A valid token that was rotated out, or whose session has ended. */
  | 'token_revoked'
  /** The access token's user was deleted. */
  | 'user_not_found'
  /** The access token's user was deactivated, or an inactive user was to become staff. */
  | 'user_inactive'
  /** The account is one that nobody may change or delete. */
  | 'account_protected'
  /** The user of a token for refresh or verification was deleted or deactivated. */
  | 'no_active_account'
  /** The task is missing, deleted, or another user's. */
  | 'task_not_found'
  /** The task is no longer the one that the caller expected. */
  | 'task_changed'
  /** The owner has as many tasks as one user may have. */
  | 'task_limit_reached'
  /** The owner's tasks have as many bytes of text as one user may have. */
  | 'byte_limit_reached'
  /** The owner has as many long lists in progress as one user may have. */
  | 'too_many_reads'
  /** The idempotency key was used for another request. */
  | 'idempotency_key_reused'
  /** The owner has used as many idempotency keys as one user may in a day. */
  | 'idempotency_key_limit_reached'
  /** The session is missing, has ended, or is another user's. */
  | 'session_not_found'
  /** The user of the session, or who was to be staff no more, is not staff. */
  | 'not_staff'
  /** The account that staff ask for is missing or deleted. */
  | 'account_not_found'
  /** Nobody else is staff. */
  | 'last_administrator';

/** A rejection whose reason the caller may know. */
export class DomainError extends Error {
  override readonly name = 'DomainError';

  constructor(readonly code: ErrorCode) {
    super(code);
  }
}
