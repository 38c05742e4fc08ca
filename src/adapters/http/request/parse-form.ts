/** The names and values of a form, in order; names may repeat. */
export type FormEntries = readonly (readonly [name: string, value: string])[];

const percent = 0x25;
const plus = 0x2b;
const blank = 0x20;

/** The values of hexadecimal digits, by their ASCII codes. */
const hexDigits = new Map(
  Array.from('0123456789abcdefABCDEF', (digit) => [digit.charCodeAt(0), Number.parseInt(digit, 16)]),
) as ReadonlyMap<number | undefined, number>;

/**
 * Parses `application/x-www-form-urlencoded`, the format of forms and query strings. A `%` that is not followed by two
 * hexadecimal digits stays. URLSearchParams differs: it drops a `?` at the start and supports only UTF-8.
 *
 * @param form One character per byte.
 * @param decode Turns the bytes of a name or a value into text.
 */
export function parseForm(form: string, decode: (bytes: Buffer) => string): FormEntries {
  return form
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const equals = pair.indexOf('=');
      const name = equals === -1 ? pair : pair.slice(0, equals);
      const value = equals === -1 ? '' : pair.slice(equals + 1);
      return [decode(unescaped(name)), decode(unescaped(value))] as const;
    });
}

/** Byte by byte, because replacing in the text takes a tenth of a second for a megabyte of escapes. */
function unescaped(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  let length = 0;
  for (let i = 0; i < bytes.length; i++) {
    let byte = bytes[i] ?? 0;
    if (byte === plus) byte = blank;
    if (byte === percent) {
      const high = hexDigits.get(bytes[i + 1]);
      const low = hexDigits.get(bytes[i + 2]);
      if (high !== undefined && low !== undefined) {
        byte = 16 * high + low;
        i += 2;
      }
    }
    bytes[length++] = byte;
  }
  return bytes.subarray(0, length);
}
