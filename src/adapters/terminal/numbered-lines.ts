/** A line of a text, counted from 1. */
interface NumberedLine {
  readonly number: number;
  readonly text: string;
}

/** No line of an export is longer: the largest request body, if JSON writes each of its bytes as six. */
const maxLineBytes = 6 * 64 * 2 ** 20 + 2 ** 16;

/**
 * The lines of a text in UTF-8, one at a time. A line that is too long, or that is not UTF-8, is empty. `onRead` gets
 * the number of bytes that were read.
 */
export async function* numberedLines(
  input: AsyncIterable<Buffer>,
  onRead: (bytes: number) => void = () => undefined,
): AsyncGenerator<NumberedLine, void, undefined> {
  const line = new LineBuffer();
  let number = 0;
  for await (const chunk of input) {
    onRead(chunk.length);
    let start = 0;
    for (let end = chunk.indexOf('\n'); end !== -1; end = chunk.indexOf('\n', start)) {
      line.add(chunk.subarray(start, end));
      yield { number: ++number, text: line.take() };
      start = end + 1;
    }
    line.add(chunk.subarray(start));
  }
  if (!line.isEmpty) yield { number: ++number, text: line.take() };
}

/** The parts of a line that has not ended. */
class LineBuffer {
  private parts: Buffer[] = [];
  private length = 0;

  get isEmpty(): boolean {
    return this.length === 0;
  }

  add(part: Buffer): void {
    this.length += part.length;
    if (this.length > maxLineBytes) this.parts = [];
    else if (part.length > 0) this.parts.push(part);
  }

  take(): string {
    const text = decode(Buffer.concat(this.parts));
    this.parts = [];
    this.length = 0;
    return text;
  }
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return '';
  }
}
