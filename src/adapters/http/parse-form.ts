/** The names and values of a form, in order; a name may come more than once. */
export type FormEntries = readonly (readonly [name: string, value: string])[];

const percent = 0x25;

const hexDigits = Array.from('0123456789abcdefABCDEF');

/** What stands behind the `%` of each percent-encoded byte, in either case. */
const bytesByDigits = new Map(
  hexDigits.flatMap((high) => hexDigits.map((low) => [high + low, Number.parseInt(high + low, 16)])),
);

/**
 * Parses `application/x-www-form-urlencoded`, of which queries consist too. A `%` without two hexadecimal digits behind
 * it stays. URLSearchParams differs: it drops a `?` at the start and knows no charset but UTF-8.
 *
 * @param form One character per byte.
 * @param decode Turns the bytes of a name or a value into text.
 */
export function parseForm(form: string, decode: (bytes: Buffer) => string): FormEntries {
  const pairs = form.replaceAll('+', ' ').split('&');
  return pairs
    .filter((pair) => pair !== '')
    .map((pair) => {
      const equals = pair.indexOf('=');
      const name = equals === -1 ? pair : pair.slice(0, equals);
      const value = equals === -1 ? '' : pair.slice(equals + 1);
      return [decode(percentDecoded(name)), decode(percentDecoded(value))] as const;
    });
}

function percentDecoded(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  if (!text.includes('%')) return bytes;
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    const byte = text.charCodeAt(i);
    const escaped = byte === percent ? bytesByDigits.get(text.slice(i + 1, i + 3)) : undefined;
    bytes[length++] = escaped ?? byte;
    if (escaped !== undefined) i += 2;
  }
  return bytes.subarray(0, length);
}
