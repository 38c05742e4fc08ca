import type { Client } from './client.js';

/**
 * Hashes passwords. Where more are to be hashed than can be at once, they wait: the networks of the clients take turns,
 * and those that are trusted come first. Without a requester it is for the operator. Rejected with the code 'overloaded'
 * when too many are waiting, or when the client disconnects before its turn.
 */
export interface PasswordHasher {
  hash(password: string, requester?: Requester): Promise<string>;
  /** Compares in the same time whether there is a hash to compare with or not; without one the answer is false. */
  verify(password: string, hash: string | undefined, requester?: Requester): Promise<boolean>;
  /** Whether this hash was made with other settings than are in force now. */
  isOutdated(hash: string): boolean;
}

/** For whom a password is hashed. */
export interface Requester {
  readonly client: Client;
  /** Whether the user is known to come from the client's network. */
  readonly isTrusted: boolean;
}
