import { commonPasswords } from './common-passwords.js';
import { InvalidFields, lengthInCodePoints, type FieldIssue } from './input.js';

const minLength = 8;
const maxSimilarity = 0.7;

/**
 * Characters with Numeric_Type=Decimal or Numeric_Type=Digit in Unicode: the digits of all scripts, also superscript
 * and circled ones. JavaScript has no property for Numeric_Type=Digit.
 */
const digits =
  /^[\p{Decimal_Number}²³¹\u1369-\u1371\u19da\u2070\u2074-\u2079\u2080-\u2089\u2460-\u2468\u2474-\u247c\u2488-\u2490\u24ea\u24f5-\u24fd\u24ff\u2776-\u277e\u2780-\u2788\u278a-\u2792\u{10a40}-\u{10a43}\u{10e60}-\u{10e68}\u{11052}-\u{1105a}\u{1f100}-\u{1f10a}]+$/u;

/** Throws InvalidFields for `field`, which the password came in, if it breaks a rule. */
export function requireStrongPassword(password: string, username: string, field = 'password'): void {
  const weaknesses = passwordWeaknesses(password, username);
  if (weaknesses.length > 0) throw new InvalidFields({ [field]: weaknesses });
}

/** Every rule that the password breaks, in the order of docs/api.md, section 5. Empty for a strong password. */
export function passwordWeaknesses(password: string, username: string): FieldIssue[] {
  const lowered = password.toLowerCase();
  const issues: FieldIssue[] = [];
  if (isSimilar(lowered, username.toLowerCase())) issues.push({ code: 'password_similar_to_username' });
  if (lengthInCodePoints(password) < minLength) issues.push({ code: 'password_too_short' });
  if (commonPasswords.has(lowered)) issues.push({ code: 'password_common' });
  if (digits.test(password)) issues.push({ code: 'password_numeric' });
  return issues;
}

/** Whether the password is similar to the name, or to a part of it. Non-word characters separate the parts. */
function isSimilar(password: string, username: string): boolean {
  const parts = username.split(/[^\p{L}\p{N}_]+/u);
  return [...parts, username].some((part) => similarity(password, part) >= maxSimilarity);
}

/** Twice the number of common characters, in any order, divided by the sum of the lengths: from 0 to 1. */
export function similarity(a: string, b: string): number {
  const remaining = new Map<string, number>();
  for (const character of b) remaining.set(character, (remaining.get(character) ?? 0) + 1);
  let common = 0;
  for (const character of a) {
    const left = remaining.get(character) ?? 0;
    if (left > 0) common++;
    remaining.set(character, left - 1);
  }
  return (2 * common) / (lengthInCodePoints(a) + lengthInCodePoints(b));
}
