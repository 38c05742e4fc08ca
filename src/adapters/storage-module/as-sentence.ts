/** In UTF-16 code units. */
const maxLength = 500;

/** A text of a module as a sentence that fits in a line of a log or of a terminal: cut, and without control characters. */
export function asSentence(text: string): string {
  const sentence = text
    .slice(0, maxLength)
    .replaceAll(/\p{Cc}+/gu, ' ')
    .trim();
  return text.length > maxLength ? `${sentence}…` : sentence;
}
