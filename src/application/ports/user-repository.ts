import type { Page } from '../../domain/page.js';
import type { PasswordLink } from '../../domain/password-link.js';
import type { NewUser, User } from '../../domain/user.js';
import type { SessionRef } from './session-repository.js';

/**
 * Accounts. Ids count up from 1, and no id is used twice. An id may be left out where a registration lost its name to
 * another one. A name has up to 150 code points, a hash up to 1024, and `createdAt` may be before 1970. Everything but
 * signing in and using a link works for an inactive user as for an active one. Tasks stay as they are, unless their
 * user is removed. A method with the argument `by` acts for that session: in the same step, it checks that the session
 * is active; if it is not, it changes nothing and rejects with 'token_revoked'.
 */
export interface UserRepository {
  /**
   * Adds an active user, or resolves to undefined if the name is taken. If any number of calls use the same name
   * concurrently, exactly one of them adds a user.
   */
  add(user: NewUser): Promise<User | undefined>;
  find(id: number): Promise<User | undefined>;
  /** The user with exactly this name. It is what a client sent, and may be any text of up to 1200 code units. */
  findByName(username: string): Promise<User | undefined>;
  /**
   * The users on this page, ordered by id. There are fewer than `limit` only at the end of the list. It need not be one
   * step: users who are added or removed meanwhile may or may not be included, all others are.
   */
  list(page: Page): Promise<readonly User[]>;
  /**
   * Stores `to`, the same password rehashed, if the user's hash still is `from`, so that it never replaces a new
   * password. Ends no sessions, and leaves the password link.
   */
  replacePasswordHash(id: number, from: string, to: string): Promise<void>;
  /**
   * Stores the hash of a new password, ends all of the user's sessions and removes their password link, in one step.
   * False if there is no such user.
   */
  setPasswordHash(id: number, hash: string): Promise<boolean>;
  /**
   * Stores `to`, the hash of a new password of the session's user, ends all their other sessions and removes their
   * password link, in one step. False, and no change, if the user's hash no longer is `from`; an inactive session is
   * told first.
   */
  changePasswordHash(by: SessionRef, from: string, to: string): Promise<boolean>;
  /** Makes this the user's password link, in place of an earlier one. False if there is no such user. */
  setPasswordLink(id: number, link: PasswordLink): Promise<boolean>;
  /**
   * Does what `setPasswordHash` does, if the user is active and has a password link with this digest that has not
   * expired. Otherwise false, and no change. Of any number of concurrent calls with one link, exactly one uses it.
   */
  usePasswordLink(id: number, digest: string, hash: string): Promise<boolean>;
  /** Makes the user active, who can sign in again. Ended sessions stay ended. False if there is no such user. */
  activate(id: number): Promise<boolean>;
  /**
   * Makes the user inactive and ends all their sessions, in one step. False if there is no such user. Rejects with
   * 'last_administrator' as `staff` says.
   */
  deactivate(id: number): Promise<boolean>;
  /**
   * Deletes the user with all sessions and tasks in one step, and releases the name. False if there is no such user: of
   * any number of concurrent calls, one resolves to true. Rejects with 'last_administrator' as `staff` says.
   */
  remove(id: number): Promise<boolean>;
  /** Does the same for the session's own user. */
  removeOwn(by: SessionRef): Promise<boolean>;
}
