import { beginningOf, validateAll, checkText, type Validated, type Input } from './input.js';
import type { PasswordLink } from './password-link.js';

/** An account. The id is a positive integer, and no id is used twice, not even after a deletion. */
export interface User {
  readonly id: number;
  readonly username: string;
  readonly passwordHash: string;
  /** An inactive user cannot sign in and has no sessions. */
  readonly active: boolean;
  /** Seconds since the epoch. */
  readonly createdAt: number;
  /** The last link that was made for the user, until it is used or the password is set by other means. */
  readonly passwordLink?: PasswordLink;
}

/** Stored in place of a hash for a user who has no password yet: no password matches it. */
export const noPassword = '!';

/** A user before the storage assigns an id. Every user starts active. */
export type NewUser = Pick<User, 'username' | 'passwordHash' | 'createdAt'>;

/** A name and a password that are not yet checked against an account. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** In code points. */
export const maxUsernameLength = 150;
/** In code points. */
export const maxPasswordLength = 128;

/**
 * How much shorter normalisation can make a text: at most four code points, of two UTF-16 code units each, become one
 * code point.
 */
const shrinkage = 8;

/**
 * Checks the name of a new user. Names are case-sensitive and compared after NFKC: names that differ only in character
 * width or ligatures are the same.
 */
export function checkUsername(value: unknown): Validated<string> {
  return checkText(value, {
    normalise: normaliseUsername,
    pattern: { is: /^[\p{L}\p{N}_.@+-]+$/u, otherwise: { code: 'username_characters' } },
    maxLength: maxUsernameLength,
  });
}

/** Checks the text of a new password. Whether it is strong enough is another check: `passwordWeaknesses`. */
export function checkNewPassword(value: unknown): Validated<string> {
  return checkText(value, { maxLength: maxPasswordLength });
}

/**
 * Parses a name and a password at sign-in, where any text is allowed; throws InvalidFields. A very long name is cut
 * off, to a length that no account's name can have.
 */
export function parseCredentials(input: Input): Credentials {
  const { username, password } = validateAll<Credentials>({
    username: checkText(input['username'], { normalise: normaliseUsername }),
    password: checkText(input['password']),
  });
  return { username: beginningOf(username, shrinkage * maxUsernameLength), password };
}

/** The form in which usernames are stored and looked up. A text that is too long for a name is not changed. */
export function normaliseUsername(text: string): string {
  return normaliseUpTo(maxUsernameLength, text, 'NFKC');
}

/** The form in which passwords are hashed and compared. A text that is too long for a password is not changed. */
export function normalisePassword(text: string): string {
  return normaliseUpTo(maxPasswordLength, text, 'NFC');
}

/** Normalisation takes quadratic time for a run of combining marks, so it skips texts that are too long in any form. */
function normaliseUpTo(maxLength: number, text: string, form: 'NFC' | 'NFKC'): string {
  return text.length > shrinkage * maxLength ? text : text.normalize(form);
}
