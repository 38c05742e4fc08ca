import { validateAll, checkText, type Validated, type Input } from './input.js';

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

/** In code points. */
const maxUsernameLength = 150;
const maxPasswordLength = 128;

/**
 * UTF-16 code units per code point that a text can lose by normalisation: at most four code points become one, of two
 * units each.
 */
const shrinkage = 8;

/**
 * Checks the name of a new user. Names are compared case-sensitively after NFKC, so that two names which look alike
 * for being written in other widths or ligatures are one.
 */
export function checkUsername(value: unknown): Validated<string> {
  return checkText(value, {
    normalise: normaliseUsername,
    pattern: { is: /^[\p{L}\p{N}_.@+-]+$/u, otherwise: { code: 'username_characters' } },
    maxLength: maxUsernameLength,
  });
}

/** Checks the text of a new password; whether it is strong enough is told by `passwordWeaknesses`. */
export function checkNewPassword(value: unknown): Validated<string> {
  return checkText(value, { maxLength: maxPasswordLength });
}

/**
 * Reads a name and a password as given at sign-in, where any text may be tried; throws InvalidFields. Of a name that is
 * too long for an account only the beginning is read, which is too long as well.
 */
export function parseCredentials(input: Input): Credentials {
  const { username, password } = validateAll<Credentials>({
    username: checkText(input['username'], { normalise: normaliseUsername }),
    password: checkText(input['password']),
  });
  return { username: username.slice(0, shrinkage * maxUsernameLength), password };
}

/** The form in which usernames are stored and looked up. A text that is too long for a name stays as it is. */
export function normaliseUsername(text: string): string {
  return normaliseUpTo(maxUsernameLength, text, 'NFKC');
}

/** The form in which passwords are hashed and compared. A text that is too long for a password stays as it is. */
export function normalisePassword(text: string): string {
  return normaliseUpTo(maxPasswordLength, text, 'NFC');
}

/** Normalisation takes quadratic time for a run of combining marks: what is too long in any form is left alone. */
function normaliseUpTo(maxLength: number, text: string, form: 'NFC' | 'NFKC'): string {
  return text.length > shrinkage * maxLength ? text : text.normalize(form);
}
