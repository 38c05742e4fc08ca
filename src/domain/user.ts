import { allValid, checkText, type Checked, type Fields } from './fields.js';

/** An account. The id is a positive integer and is never given twice, also not after a deletion. */
export interface User {
  readonly id: number;
  readonly username: string;
  readonly passwordHash: string;
  /** An inactive user cannot sign in and has no sessions. */
  readonly active: boolean;
  /** Seconds since the epoch. */
  readonly createdAt: number;
}

/** A user before the storage has given the id; everybody starts active. */
export type NewUser = Pick<User, 'username' | 'passwordHash' | 'createdAt'>;

/** A name and a password, neither of them checked against an account. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/**
 * Checks the name of a new user. Names are compared case-sensitively after NFKC, so that two names which look alike
 * for being written in other widths or ligatures are one.
 */
export function checkUsername(value: unknown): Checked<string> {
  return checkText(value, {
    normalise: normaliseUsername,
    pattern: { is: /^[\p{L}\p{N}_.@+-]+$/u, otherwise: { code: 'username_characters' } },
    maxLength: 150,
  });
}

/** Checks the text of a new password; whether it is strong enough is told by `passwordWeaknesses`. */
export function checkNewPassword(value: unknown): Checked<string> {
  return checkText(value, { maxLength: 128 });
}

/** Reads a name and a password as given at sign-in, where any text may be tried; throws InvalidFields. */
export function parseCredentials(input: Fields): Credentials {
  return allValid<Credentials>({
    username: checkText(input['username'], { normalise: normaliseUsername }),
    password: checkText(input['password']),
  });
}

/** The form in which usernames are stored and looked up. */
export function normaliseUsername(text: string): string {
  return text.normalize('NFKC');
}
