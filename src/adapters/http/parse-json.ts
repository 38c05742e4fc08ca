import { refusal } from './refusal.js';

/** Deeper than any client has reason to nest, and shallow enough for every recursion that comes after. */
const maxDepth = 1000;

/** More than any client has reason to send; a megabyte of the shortest values would take a tenth of a second to parse. */
const maxCommas = 10_000;

/** As many digits as the replaced backend reads. */
const maxDigits = 4300;

/** The shortest number that is out of range has so many characters: 1e309. */
const shortestHugeNumber = 5;

/**
 * Parses JSON (RFC 8259). Whole numbers that a number cannot hold exactly come as strings of their digits. Throws a
 * 400 for malformed text, for numbers out of range, for values nested too deeply, and for too many of them.
 */
export function parseJson(text: string): unknown {
  const withoutHugeNumbers = quoteHugeNumbers(text);
  const value = parse(text);
  const isExact = withoutHugeNumbers === text || typeof value !== 'object';
  return isExact ? value : parse(withoutHugeNumbers);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw malformed('the body is not valid JSON');
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
 * Walks once through the text, which may be malformed, before anything is made of it. Throws a 400 if it is nested too
 * deeply or has too many values, and puts quotes around the huge numbers.
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
      if (isHuge(number)) {
        result += `${json.slice(copied, i)}"${number}"`;
        copied = i + number.length;
      }
      i += number.length - 1;
    }
  }
  return result + json.slice(copied);
}

/** The index of the quote that ends the string which begins at an index; the end of the text if there is none. */
function endOfString(json: string, start: number): number {
  let end = start + 1;
  while (end < json.length && json.charCodeAt(end) !== quote)
    end += json.charCodeAt(end) === backslash ? 2 : 1;
  return end;
}

function numberAt(json: string, start: number): string {
  const number = /[\d.eE+-]+/y;
  number.lastIndex = start;
  return number.exec(json)?.[0] ?? '';
}

/** Whether a number is whole and too large to be read exactly; throws a 400 if it is out of range. */
function isHuge(number: string): boolean {
  if (number.length < shortestHugeNumber || Number.isSafeInteger(Number(number))) return false;
  const isWhole = /^-?\d+$/.test(number);
  const isInRange = isWhole ? number.replace('-', '').length <= maxDigits : Number.isFinite(Number(number));
  if (!isInRange) throw malformed('a number is out of range');
  return isWhole;
}

function malformed(reason: string): Error {
  return refusal(400, `JSON parse error - ${reason}`);
}
