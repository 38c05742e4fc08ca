/**
 * A text that somebody else has written, safe to print in a line: characters that move the cursor, cannot be seen or turn
 * the direction of the text are escaped as in JSON.
 */
export function printable(text: string): string {
  return text.replaceAll(/[\\\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu, (found) =>
    found === '\\'
      ? '\\\\'
      : Array.from({ length: found.length }, (_, i) => escaped(found.charCodeAt(i))).join(''),
  );
}

function escaped(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, '0')}`;
}
