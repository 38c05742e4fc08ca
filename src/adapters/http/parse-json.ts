import { refusal } from './refusal.js';

/** Deeper than any client has reason to nest, and shallow enough for every recursion that comes after. */
const maxDepth = 1000;

/** As many digits as the replaced backend reads. */
const maxDigits = 4300;

/**
 * Parses JSON (RFC 8259). Whole numbers that a number cannot hold exactly come as strings of their digits. Throws a
 * 400 for malformed text, for numbers out of range, and for values nested too deeply.
 */
export function parseJson(text: string): unknown {
  const value = parse(text);
  if (text.length > 2 * maxDepth && isDeeperThan(maxDepth, value)) throw malformed('nested too deeply');
  return mayHoldHugeNumber(text) && typeof value === 'object' ? parse(quoteHugeNumbers(text)) : value;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw malformed('the body is not valid JSON');
  }
}

function isDeeperThan(depth: number, value: unknown): boolean {
  let level = [value];
  for (let reached = 0; level.length > 0; reached++) {
    if (reached > depth) return true;
    level = level.flatMap((item) => (typeof item === 'object' && item !== null ? Object.values(item) : []));
  }
  return false;
}

function mayHoldHugeNumber(text: string): boolean {
  return /\d{16}|\d[eE]\+?\d{3}/.test(text);
}

/**
 * In valid JSON every digit outside of a string belongs to a number, and a backslash stands in a string. Strings are
 * walked through in small steps: a pattern for a whole one runs out of memory where it is long.
 */
function quoteHugeNumbers(json: string): string {
  let isInString = false;
  return json.replace(/\\.|"|-?\d[\d.eE+-]*/g, (token) => {
    if (token === '"') isInString = !isInString;
    if (isInString || token === '"' || Number.isSafeInteger(Number(token))) return token;
    const isWhole = /^-?\d+$/.test(token);
    const isInRange = isWhole ? token.replace('-', '').length <= maxDigits : Number.isFinite(Number(token));
    if (!isInRange) throw malformed('a number is out of range');
    return isWhole ? `"${token}"` : token;
  });
}

function malformed(reason: string): Error {
  return refusal(400, `JSON parse error - ${reason}`);
}
