import type { Page } from '../../domain/page.js';
import type { NewUser, User } from '../../domain/user.js';
import type { SessionRef } from './session-repository.js';

/**
 * Accounts. Ids count up from 1 and are never given twice. What is done `by` a session rejects with 'token_revoked', and
 * changes nothing, unless that session is active in the same step.
 */
export interface UserRepository {
  /** Adds an active user, or answers undefined if the name is taken. Of any number of concurrent calls with one name, exactly one adds. */
  add(user: NewUser): Promise<User | undefined>;
  find(id: number): Promise<User | undefined>;
  findByName(username: string): Promise<User | undefined>;
  /** The users on this page, in the order of ids; fewer than `limit` only at the end of the list. */
  list(page: Page): Promise<readonly User[]>;
  /** Stores the same password hashed anew, unless its hash is no longer `from`. Sessions stay. */
  replacePasswordHash(id: number, from: string, to: string): Promise<void>;
  /** Sets a new password and ends all of the user's sessions, in one step. False if there is no such user. */
  setPasswordHash(id: number, hash: string): Promise<boolean>;
  /**
   * Sets a new password of the session's user and ends all of their other sessions, in one step, provided the hash of the
   * old one is still `from`; answers whether it was.
   */
  changePasswordHash(by: SessionRef, from: string, to: string): Promise<boolean>;
  /** Lets the user sign in again; sessions that ended stay ended. False if there is no such user. */
  activate(id: number): Promise<boolean>;
  /** Makes the user inactive and ends all of their sessions, in one step. False if there is no such user. */
  deactivate(id: number): Promise<boolean>;
  /** Deletes the user, their sessions and their tasks in one step, and sets the name free. False if there is no such user. */
  remove(id: number): Promise<boolean>;
  /** The same for the session's own user. */
  removeOwn(by: SessionRef): Promise<boolean>;
}
