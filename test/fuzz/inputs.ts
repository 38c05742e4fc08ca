import * as fc from 'fast-check';

/** A value for a field, with what it is taken for or everything that is said against it. */
export interface Input {
  /** Undefined if the field is left out. */
  readonly value: unknown;
  readonly taken?: string;
  readonly rejected?: readonly string[];
  /** What is said against it if it is to be somebody's from now on. */
  readonly rejectedAsNew?: readonly string[];
  /** What is said against it as a new password, once name and password are in order. */
  readonly weak?: readonly string[];
}

const required = 'This field is required.';
const notNull = 'This field may not be null.';
const notBlank = 'This field may not be blank.';
const notText = 'Not a valid string.';
const noNull = 'Null characters are not allowed.';

const taken = (value: unknown, text = String(value)): Input => ({ value, taken: text });
const weak = (value: unknown, ...reasons: readonly string[]): Input => ({ ...taken(value), weak: reasons });
const rejected = (value: unknown, ...reasons: readonly string[]): Input => ({ value, rejected: reasons });

export const leftOut = rejected(undefined, required);

/** What no text can be made of. */
export const noText: readonly Input[] = [
  leftOut,
  rejected(null, notNull),
  rejected('', notBlank),
  rejected(' \t\u0085\u3000', notBlank),
  rejected(true, notText),
  rejected(['x'], notText),
  rejected({ title: 'x' }, notText),
];

/** One of the usual much more often than one of the unusual. */
export function mostly<T>(usual: fc.Arbitrary<T>, unusual: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.oneof({ weight: 14, arbitrary: usual }, { weight: 1, arbitrary: unusual });
}

const anyText = fc.string({ unit: 'grapheme', maxLength: 40 }).map((text) => taken(`<${text}>`));

const texts = [
  taken('Buy milk'),
  taken('\u2003 trimmed \n\u001c', 'trimmed'),
  taken(42),
  taken(-0.5),
  taken('"; DROP TABLE tasks; --\r\nSet-Cookie: a=b'),
  taken('__proto__'),
];

export const title = mostly(
  fc.oneof(anyText, fc.constantFrom(...texts, taken('\u{1f600}'.repeat(255)))),
  fc.constantFrom(
    ...noText,
    rejected('\u{1f600}'.repeat(256), 'Ensure this field has no more than 255 characters.'),
    rejected('a\0b', noNull),
    rejected('a\udc00b', 'Surrogate characters are not allowed: U+DC00.'),
  ),
);

export const description = mostly(
  fc.oneof(anyText, fc.constantFrom(...texts, taken('long '.repeat(2000), 'long '.repeat(2000).trim()))),
  fc.constantFrom(...noText, rejected('\ud800\0', noNull, 'Surrogate characters are not allowed: U+D800.')),
);

/** As on creation; a change may do without one as well. */
export const status = mostly(
  fc.constantFrom(taken('pending'), taken('in-progress'), taken('completed'), taken(undefined, 'pending')),
  fc.constantFrom(
    rejected(null, notNull),
    ...['done', 'Pending', ' pending', 'toString'].map((value) =>
      rejected(value, `"${value}" is not a valid choice.`),
    ),
  ),
);

const wrongCharacters =
  'Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.';

const onlyTried = (value: unknown, ...reasons: readonly string[]): Input => ({
  ...taken(value),
  rejectedAsNew: reasons,
});

/** Values that are nobody's name. */
export const badUsernames: readonly Input[] = [
  ...noText,
  onlyTried('a b', wrongCharacters),
  onlyTried('a/b', wrongCharacters),
  onlyTried('x'.repeat(151), 'Ensure this field has no more than 150 characters.'),
  { ...rejected('\0', noNull), rejectedAsNew: [wrongCharacters, noNull] },
];

export const usualPassword = taken('Xk9-fence-Orbit');

/** Mostly the usual one, so that another is wrong; and some that nobody can have. */
export const password = mostly(
  fc.constant(usualPassword),
  fc.constantFrom(
    taken(' Tr0ubadour & kite ', 'Tr0ubadour & kite'),
    ...noText,
    rejected('p\0', noNull),
    onlyTried('\u{1f511}'.repeat(129), 'Ensure this field has no more than 128 characters.'),
    weak('Zq!9', 'This password is too short. It must contain at least 8 characters.'),
    weak('PASSWORD1', 'This password is too common.'),
    weak(74839201756483, 'This password is entirely numeric.'),
  ),
);

/** What may be a password from now on, be it another or the same. */
export const oldOrNewPassword = mostly(
  fc.constantFrom(usualPassword, taken('Another & longer kite')),
  password,
);
