/**
 * A page of a list that is ordered by id: at most `limit` items with an id above `after`. There need not be an item
 * with the id `after`, which is 0 for the first page. `limit` is from 1 to `maxPageSize`.
 */
export interface Page {
  readonly after: number;
  readonly limit: number;
}

/** How many items are read from a storage at once, at most. */
export const maxPageSize = 1000;

/** The titles and descriptions on a page of tasks have at most this many bytes in UTF-8, not counting its last task. */
export const maxPageBytes = 2 ** 20;
