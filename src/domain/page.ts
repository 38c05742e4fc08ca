import { allValid, checkWholeNumber, type Checked } from './fields.js';

/** A part of a list in the order of ids: at most `limit` items with an id above `after`. */
export interface Page {
  readonly after: number;
  readonly limit: number;
}

/** The most items that are read from a storage at once. */
export const maxPageSize = 1000;

/** Reads a page from texts: `limit` from 1 to 1000, `after` any id, from the start if missing; throws InvalidFields. */
export function parsePage(limit: string, after: string | undefined): Page {
  return allValid<Page>({
    limit: checkWholeNumber(limit, { min: 1, max: maxPageSize }),
    after: checkAfter(after),
  });
}

/** Reads the id after which a list starts, 0 if missing; throws InvalidFields. */
export function parseAfter(after: string | undefined): number {
  return allValid<{ after: number }>({ after: checkAfter(after) }).after;
}

function checkAfter(text: string | undefined): Checked<number> {
  return text === undefined ? { value: 0 } : checkWholeNumber(text, { min: 0, max: Number.MAX_SAFE_INTEGER });
}
