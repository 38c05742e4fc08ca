import { Readable } from 'node:stream';
import type { Context } from '../context.js';
import { reply, replyJson } from './reply.js';

/** Some items of a long list, as JSON will have them. */
export interface ItemPage {
  readonly items: readonly object[];
  readonly isLast: boolean;
}

/**
 * Responds with an array of the items on all pages: one page at once, more as a stream, with backpressure. What fails at
 * the first page rejects; later, the connection breaks. Calls `release` when the last page was read, or no more are.
 */
export async function replyWithPages(
  ctx: Context,
  pages: AsyncGenerator<ItemPage, void, undefined>,
  release: () => void,
): Promise<void> {
  try {
    const first = await pages.next();
    const { items, isLast } = first.done ? { items: [], isLast: true } : first.value;
    if (isLast) {
      release();
      return reply(ctx, 200, items);
    }
    const body = Readable.from(jsonArray(items, pages), { highWaterMark: 1 }).once('close', release);
    replyJson(ctx, 200, body);
  } catch (error) {
    release();
    throw error;
  }
}

async function* jsonArray(
  first: readonly object[],
  rest: AsyncIterable<ItemPage>,
): AsyncGenerator<string, void, undefined> {
  yield '[';
  let isEmpty = first.length === 0;
  yield jsonOf(first);
  for await (const { items } of rest) {
    if (items.length === 0) continue;
    yield `${isEmpty ? '' : ','}${jsonOf(items)}`;
    isEmpty = false;
  }
  yield ']';
}

function jsonOf(items: readonly object[]): string {
  return JSON.stringify(items).slice(1, -1);
}
