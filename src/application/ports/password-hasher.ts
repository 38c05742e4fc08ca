import type { Client } from './client.js';

/**
 * Hashes passwords. Work that cannot start at once waits in a queue: the networks of the clients take turns, and
 * trusted requesters come first. Without a requester, the work is the operator's. Rejects with the code 'overloaded'
 * when too many are waiting, or when the client disconnects while it waits.
 */
export interface PasswordHasher {
  hash(password: string, requester?: Requester): Promise<string>;
  /**
   * Whether the password matches the hash. Without a hash, or with `noPassword` in its place, the result is false, and
   * takes as long: a dummy hash is compared, so that timing attacks learn nothing.
   */
  verify(password: string, hash: string | undefined, requester?: Requester): Promise<boolean>;
  /** What `verify` would make of a hash that was stored by somebody else. */
  assess(hash: string): HashAssessment;
  /** Whether the hash was made with other settings than the current ones, so that the password should be rehashed. */
  isOutdated(hash: string): boolean;
}

/** Passwords are verified by a usable hash only; they match no hash that is unknown or too costly to compare. */
export type HashAssessment = 'usable' | 'too_costly' | 'unknown';

/** For whom a password is hashed. */
export interface Requester {
  readonly client: Client;
  /** Whether the user has lately signed in from the client's network. */
  readonly isTrusted: boolean;
}
