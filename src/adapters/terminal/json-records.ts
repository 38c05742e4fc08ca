import { pipeline, Readable } from 'node:stream';
import { streamArray } from 'stream-json/streamers/stream-array.js';
import { numberedLines } from './numbered-lines.js';

/** Thrown for a text that is not JSON, or that ends too early. */
export class JsonError extends Error {
  override readonly name = 'JsonError';

  constructor() {
    super('json'); // The parser's own error might quote the text.
  }
}

/** The elements of an array in JSON, one at a time. Throws JsonError. */
export async function* jsonArray(text: Readable): AsyncGenerator<unknown, void, undefined> {
  const elements = streamArray.withParserAsStream();
  pipeline(text, elements, () => undefined); // Its errors are those of the elements.
  try {
    for await (const { value } of elements as AsyncIterable<{ readonly value: unknown }>) yield value;
  } catch (error) {
    throw error instanceof Error && 'syscall' in error ? error : new JsonError();
  }
}

/** The values of JSON lines, at least one, one at a time. Throws JsonError. */
export async function* jsonLines(text: Readable): AsyncGenerator<unknown, void, undefined> {
  let isEmpty = true;
  for await (const { text: line } of numberedLines(text as AsyncIterable<Buffer>)) {
    isEmpty = false;
    yield parse(line);
  }
  if (isEmpty) throw new JsonError();
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new JsonError();
  }
}
