/** A part of a list in the order of ids: at most `limit` items with an id above `after`. */
export interface Page {
  readonly after: number;
  readonly limit: number;
}

/** The most items that are read from a storage at once. */
export const maxPageSize = 1000;

/** How many bytes of text a page of tasks has at most, but for its last task. */
export const maxPageBytes = 2 ** 20;
