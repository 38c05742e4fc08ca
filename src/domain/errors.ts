/** Everything the domain and the use cases refuse, by name. What a client is told is the HTTP adapter's matter. */
export type ErrorCode =
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
  | 'request_key_reused'
  /** The owner has named as many requests as one user may in a day. */
  | 'request_limit_reached'
  /** The session is missing, has ended, or is somebody else's. */
  | 'session_not_found'
  /** The storage did not answer; whether a write took place is unknown. */
  | 'storage_unavailable'
  /** More work is waiting than can be done in reasonable time; nothing was done. */
  | 'overloaded';

/** A refusal that the caller can be told about. */
export class DomainError extends Error {
  override readonly name = 'DomainError';

  constructor(readonly code: ErrorCode) {
    super(code);
  }
}

/**
 * The storage is away. `reason` is for the operator's log: a code or a word, never a value that a client sent. `advice` is
 * a sentence about what to do.
 */
export class StorageUnavailable extends DomainError {
  constructor(
    readonly reason: string,
    readonly advice = 'Is it running?',
  ) {
    super('storage_unavailable');
  }
}

/** The storage is there, and its data has another layout than this version reads. Nothing of it is read or changed. */
export class UnknownLayout extends StorageUnavailable {}

/** What is stored cannot be read: somebody else, or another version, has written it. It is left as it is. */
export class UnreadableData extends Error {
  override readonly name = 'UnreadableData';

  constructor(
    /** Where it is, for the operator's log; never what it says. */
    readonly key: string,
    /** Which of what is there, by score or id, where that is known. */
    readonly score?: string,
  ) {
    super(`what is stored at ${key} cannot be read`);
  }
}
