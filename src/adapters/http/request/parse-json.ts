import { HttpError, parseError } from '../response/http-error.js';

/** Deeper than any client needs, and shallow enough for every later recursion. */
const maxDepth = 1000;

/** More than any client needs. A megabyte of the shortest values would take a tenth of a second to parse. */
const maxCommas = 10_000;

/** The most digits that the replaced backend reads. */
const maxDigits = 4300;

/** Whole numbers with fewer digits are exact. */
const exactLength = 16;

/** Numbers of fewer characters, such as 1e99, are exact and in range. */
const harmlessLength = 5;

/** Numbers of fewer characters and without an exponent are in range. */
const inRangeLength = 309;

/**
 * Parses JSON (RFC 8259). Inside an array or object, whole numbers that a JavaScript number cannot hold exactly become
 * strings of their digits. Throws a 400 for malformed text, for numbers out of range, for values nested too deeply, and for
 * too many values.
 */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(quoteHugeNumbers(text));
  } catch (error) {
    throw error instanceof HttpError ? error : malformed('the body is not valid JSON');
  }
}

const quote = 0x22;
const comma = 0x2c;
const minus = 0x2d;
const zero = 0x30;
const nine = 0x39;
const openBracket = 0x5b;
const backslash = 0x5c;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/**
 * Puts quotes around huge numbers, in one pass over the text, which may be malformed. Throws a 400 if it is nested too
 * deeply or has too many values, before JSON.parse spends time and memory on it.
 */
function quoteHugeNumbers(json: string): string {
  let depth = 0;
  let commas = 0;
  let result = '';
  let copied = 0;
  for (let i = 0; i < json.length; i++) {
    const code = json.charCodeAt(i);
    if (code === quote) i = endOfString(json, i);
    else if (code === openBracket || code === openBrace) {
      if (++depth > maxDepth) throw malformed('nested too deeply');
    } else if (code === closeBracket || code === closeBrace) depth--;
    else if (code === comma) {
      if (++commas > maxCommas) throw malformed('too many values');
    } else if (code === minus || (code >= zero && code <= nine)) {
      const number = numberAt(json, i);
      if (isHuge(number) && depth > 0 && !isName(json, i + number.length)) {
        result += `${json.slice(copied, i)}"${number}"`;
        copied = i + number.length;
      }
      i += number.length - 1;
    }
  }
  return result + json.slice(copied);
}

const numberPattern = /[\d.eE+-]+/y;

/** The index of the closing quote of the string that starts at an index; the end of the text if there is none. */
function endOfString(json: string, start: number): number {
  let end = start + 1;
  while (end < json.length && json.charCodeAt(end) !== quote)
    end += json.charCodeAt(end) === backslash ? 2 : 1;
  return end;
}

function numberAt(json: string, start: number): string {
  numberPattern.lastIndex = start;
  return numberPattern.exec(json)?.[0] ?? '';
}

/** Whether a number is whole and cannot be held exactly; throws a 400 if it is out of range. */
function isHuge(number: string): boolean {
  if (number.length < harmlessLength) return false;
  const digits = /^-?([1-9]\d*)$/.exec(number)?.[1];
  if (digits === undefined) {
    const mayBeOutOfRange = number.length >= inRangeLength || /[eE]/.test(number);
    if (mayBeOutOfRange && !Number.isFinite(Number(number))) throw malformed('a number is out of range');
    return false;
  }
  if (digits.length > maxDigits) throw malformed('a number is out of range');
  return digits.length >= exactLength && !Number.isSafeInteger(Number(number));
}

/** Whether a colon follows. JSON allows no number as a name, and quotes would turn it into a valid one. */
function isName(json: string, end: number): boolean {
  const colon = /\s*:/y;
  colon.lastIndex = end;
  return colon.test(json);
}

function malformed(reason: string): Error {
  return parseError(`JSON parse error - ${reason}`);
}
