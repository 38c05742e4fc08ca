/** What a client sent: named values of any kind. Whole numbers too large for a number arrive as their decimal text. */
export type Input = Readonly<Record<string, unknown>>;

/** Why a field's value was refused. */
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
        | 'password_incorrect';
    }
  | { readonly code: 'too_long'; readonly limit: number }
  | { readonly code: 'surrogate'; readonly codePoint: number }
  | { readonly code: 'not_a_choice'; readonly value: unknown };

/** A field's value, or all that is wrong with it. */
export type Validated<T> = { readonly value: T } | { readonly issues: readonly FieldIssue[] };

/** Thrown with every issue of every field at once, the fields in the order of the contract. */
export class InvalidFields extends Error {
  override readonly name = 'InvalidFields';

  constructor(readonly issues: Readonly<Record<string, readonly FieldIssue[]>>) {
    super('invalid fields');
  }
}

/** The values of all fields; throws InvalidFields if one has none. */
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
   * Held against the text as it was given and as it is normalised. One of the two must match, and the latter must have no
   * white space: `\u037a` is a letter, and a blank and a mark when it is normalised.
   */
  readonly pattern?: { readonly is: RegExp; readonly otherwise: FieldIssue };
}

/**
 * Checks a required text (docs/api.md, section 4): missing, null, no text and blank each stand alone; pattern, length,
 * U+0000 and unpaired surrogates are reported together, in this order. Numbers count as their decimal text.
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

/** In code points, which are counted only if need be: each is one or two code units. */
function isLongerThan(maxLength: number, text: string): boolean {
  return text.length > maxLength && (text.length > 2 * maxLength || lengthInCodePoints(text) > maxLength);
}

/** How many characters people would count if every code point were one. */
export function lengthInCodePoints(text: string): number {
  let length = 0;
  for (const _ of text) length++;
  return length;
}

// What the replaced backend trims. String.prototype.trim differs: it takes U+FEFF and leaves U+001C-001F and U+0085.
const whitespace = new Set(
  '\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007' +
    '\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000',
);

/** Walks from both ends, because a pattern like /\s+$/ takes quadratic time on a long run of inner blanks. */
function trim(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && whitespace.has(text.charAt(start))) start++;
  while (end > start && whitespace.has(text.charAt(end - 1))) end--;
  return text.slice(start, end);
}
