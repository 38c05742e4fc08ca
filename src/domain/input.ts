/** What a client sent: named values of any type. Integers that are too large for a number are decimal texts. */
export type Input = Readonly<Record<string, unknown>>;

/** Why a field's value is invalid. */
export type FieldIssue =
  | {
      readonly code:
        | 'required'
        | 'null'
        | 'not_text'
        | 'blank'
        | 'null_character'
        | 'username_characters'
        | 'username_taken'
        | 'password_similar_to_username'
        | 'password_too_short'
        | 'password_common'
        | 'password_numeric'
        | 'password_incorrect'
        | 'link_invalid';
    }
  | { readonly code: 'too_long'; readonly limit: number }
  | { readonly code: 'surrogate'; readonly codePoint: number }
  | { readonly code: 'not_a_choice'; readonly value: unknown };

/** A field's value, or everything that is wrong with it. */
export type Validated<T> = { readonly value: T } | { readonly issues: readonly FieldIssue[] };

/** Some fields are invalid. Holds all issues of all fields; the fields are in the order of docs/api.md. */
export class InvalidFields extends Error {
  override readonly name = 'InvalidFields';

  constructor(readonly issues: Readonly<Record<string, readonly FieldIssue[]>>) {
    super('invalid fields');
  }
}

/** The values of all fields. Throws InvalidFields if any field is invalid. */
export function validateAll<T extends object>(fields: { readonly [K in keyof T]: Validated<T[K]> }): T {
  const values: Record<string, unknown> = {};
  const issues: Record<string, readonly FieldIssue[]> = {};
  for (const [name, checked] of Object.entries<Validated<unknown>>(fields)) {
    if ('issues' in checked) issues[name] = checked.issues;
    else values[name] = checked.value;
  }
  if (Object.keys(issues).length > 0) throw new InvalidFields(issues);
  return values as T;
}

interface TextRules {
  /** In code points, counted after trimming and `normalise`. */
  readonly maxLength?: number;
  readonly normalise?: (text: string) => string;
  /**
   * Either the given text or the normalised text must match, and the normalised one must contain no white space:
   * `\u037a` is a letter, but normalised it is a space and a mark.
   */
  readonly pattern?: { readonly is: RegExp; readonly otherwise: FieldIssue };
}

/**
 * Checks a required text (docs/api.md, section 4). Missing, null, not a text and blank are each reported alone.
 * Pattern, length, U+0000 and unpaired surrogates are reported together, in this order. Numbers count as their decimal
 * text.
 */
export function checkText(value: unknown, rules: TextRules = {}): Validated<string> {
  if (value === undefined) return { issues: [{ code: 'required' }] };
  if (value === null) return { issues: [{ code: 'null' }] };
  if (typeof value !== 'string' && typeof value !== 'number') return { issues: [{ code: 'not_text' }] };

  const trimmed = trim(String(value));
  if (trimmed === '') return { issues: [{ code: 'blank' }] };
  const text = rules.normalise ? rules.normalise(trimmed) : trimmed;

  const issues: FieldIssue[] = [];
  const { pattern, maxLength = Infinity } = rules;
  if (pattern) {
    const isMatch = pattern.is.test(text) || (pattern.is.test(trimmed) && !/\p{White_Space}/u.test(text));
    if (!isMatch) issues.push(pattern.otherwise);
  }
  if (isLongerThan(maxLength, text)) issues.push({ code: 'too_long', limit: maxLength });
  if (text.includes('\0')) issues.push({ code: 'null_character' });
  const surrogate = /\p{Surrogate}/u.exec(text)?.[0].codePointAt(0);
  if (surrogate !== undefined) issues.push({ code: 'surrogate', codePoint: surrogate });
  return issues.length > 0 ? { issues } : { value: text };
}

/** Code points are counted only if necessary: each is one or two code units. */
function isLongerThan(maxLength: number, text: string): boolean {
  return text.length > maxLength && (text.length > 2 * maxLength || lengthInCodePoints(text) > maxLength);
}

/** The number of code points. */
export function lengthInCodePoints(text: string): number {
  let length = 0;
  for (const _ of text) length++;
  return length;
}

/** The beginning of the text, of at most so many code units. No code point is cut in half. */
export function beginningOf(text: string, length: number): string {
  return text.slice(0, length).replace(/\p{Surrogate}$/u, '');
}

// What Python's str.strip removes. String.prototype.trim differs: it removes U+FEFF, and keeps U+001C-001F and U+0085.
const whitespace = new Set(
  '\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007' +
    '\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000',
);

/** A text without whitespace at its ends. */
export function trim(text: string): string {
  // A pattern like /\s+$/ takes quadratic time on a long run of inner blanks (ReDoS).
  let start = 0;
  let end = text.length;
  while (start < end && whitespace.has(text.charAt(start))) start++;
  while (end > start && whitespace.has(text.charAt(end - 1))) end--;
  return text.slice(start, end);
}
