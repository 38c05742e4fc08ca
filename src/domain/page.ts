/** A part of a list in the order of ids: at most `limit` items with an id above `after`. */
export interface Page {
  readonly after: number;
  readonly limit: number;
}

/** The part of a list that a client asks for. */
export interface Paging {
  /** The id after which the part starts; 0 for the start of the list. */
  readonly after: number;
  /** How many items after `after` are left out; undefined if the client does not page by offset. */
  readonly offset: number | undefined;
  /** At most so many items; undefined for all that are left. */
  readonly limit: number | undefined;
}

/** The most items that are read from a storage at once. */
export const maxPageSize = 1000;

/** How many bytes of text a page of tasks has at most, but for its last task. */
export const maxPageBytes = 2 ** 20;

/**
 * Reads what a client asks for, each undefined where it is missing. Nothing is refused: a value that cannot be read
 * counts as missing, and so does a limit above 1,000 (docs/api.md, section 8.14). Without a limit there is no offset.
 */
export function parsePaging(
  limit: string | undefined,
  after: string | undefined,
  offset: string | undefined,
): Paging {
  const most = wholeNumber(limit);
  const isPage = most !== undefined && most > 0 && most <= maxPageSize;
  return {
    after: wholeNumber(after) ?? 0,
    offset: isPage ? wholeNumber(offset) : undefined,
    limit: isPage ? most : undefined,
  };
}

/** What clients may write for a whole number: Python's int() takes a plus and blanks around it, too. */
function wholeNumber(text: string | undefined): number | undefined {
  const digits = /^\s*\+?(\d+)\s*$/.exec(text ?? '')?.[1];
  // Larger than any id, and than any list is long.
  return digits === undefined ? undefined : Math.min(Number(digits), Number.MAX_SAFE_INTEGER);
}
