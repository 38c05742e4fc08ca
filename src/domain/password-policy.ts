import { commonPasswords } from './common-passwords.js';
import { InvalidFields, lengthInCodePoints, type FieldIssue } from './fields.js';

const minLength = 8;
const maxSimilarity = 0.7;

/** Throws InvalidFields for the field that the password was in if it breaks a rule. */
export function requireStrongPassword(password: string, username: string, field = 'password'): void {
  const weaknesses = passwordWeaknesses(password, username);
  if (weaknesses.length > 0) throw new InvalidFields({ [field]: weaknesses });
}

/** Every rule that the password breaks (contract, section 5), in the contract's order; empty for a good password. */
export function passwordWeaknesses(password: string, username: string): FieldIssue[] {
  const lowered = password.toLowerCase();
  const issues: FieldIssue[] = [];
  if (isSimilar(lowered, username.toLowerCase())) issues.push({ code: 'password_similar_to_username' });
  if (lengthInCodePoints(password) < minLength) issues.push({ code: 'password_too_short' });
  if (commonPasswords.has(lowered)) issues.push({ code: 'password_common' });
  if (/^\p{Decimal_Number}+$/u.test(password)) issues.push({ code: 'password_numeric' });
  return issues;
}

/** Whether the password resembles the name or one of its parts between characters that are no word characters. */
function isSimilar(password: string, username: string): boolean {
  const parts = username.split(/[^\p{L}\p{N}_]+/u);
  return [...parts, username].some((part) => similarity(password, part) >= maxSimilarity);
}

/** Twice the characters the two have in common, wherever they stand, over the sum of their lengths: 0 to 1. */
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
