import type { ListEnd } from '../../../application/manage-tasks.js';
import { maxPageSize } from '../../../domain/page.js';
import { parseForm, type FormEntries } from './parse-form.js';

/** The part of a list that a client asks for. */
export interface Paging {
  /** The id after which the part starts; 0 for the start of the list. */
  readonly after: number;
  /** How many items after `after` are left out; undefined if the client does not page by offset. */
  readonly offset: number | undefined;
  /** At most so many items; undefined for all that are left. */
  readonly limit: number | undefined;
}

/**
 * Reads what a client asks for in its query string. Nothing is refused: a value that cannot be read counts as missing, and
 * so does a limit above 1,000 (docs/api.md, section 8.14). Without a limit there is no offset.
 */
export function parsePaging(querystring: string): Paging {
  const query = parseQuery(querystring);
  const limit = wholeNumber(query, 'limit');
  const isPage = limit !== undefined && limit > 0 && limit <= maxPageSize;
  return {
    after: wholeNumber(query, 'after') ?? 0,
    offset: isPage ? wholeNumber(query, 'offset') : undefined,
    limit: isPage ? limit : undefined,
  };
}

/**
 * The header with a relative reference to the next page, which is right behind any prefix of a proxy. It keeps the other
 * parameters as they were sent, and goes on by offset where the client does. None behind the last page, or for a client
 * that does not page.
 */
export function linkToNext(
  querystring: string,
  { limit, after, offset }: Paging,
  { lastId, hasMore }: ListEnd,
): Record<string, string> {
  if (limit === undefined || !hasMore) return {};
  const others = querystring.split('&').filter((pair) => {
    const [entry] = parseQuery(pair);
    return entry && !['limit', 'after', 'offset'].includes(entry[0]);
  });
  const start = after > 0 ? [`after=${after}`] : [];
  const next = offset === undefined ? [`after=${lastId}`] : [...start, `offset=${offset + limit}`];
  const query = [`limit=${limit}`, ...others, ...next].join('&').replaceAll(notInLinks, encodeURIComponent);
  return { Link: `<?${query}>; rel="next"` };
}

/** What would end the link (RFC 8288), of what a query may contain here. */
const notInLinks = /["<>]/g;

/** The parameters of a query. Koa's own `ctx.query` takes quadratic time for many of them. */
function parseQuery(query: string): FormEntries {
  return query === '' ? [] : parseForm(query, (bytes) => bytes.toString());
}

/**
 * The last value of a parameter, as clients are used to, if it is a whole number: Python's int() takes a plus and blanks
 * around it, too.
 */
function wholeNumber(query: FormEntries, name: string): number | undefined {
  const text = query.findLast(([given]) => given === name)?.[1];
  const digits = /^\s*\+?(\d+)\s*$/.exec(text ?? '')?.[1];
  // Larger than any id, and than any list is long.
  return digits === undefined ? undefined : Math.min(Number(digits), Number.MAX_SAFE_INTEGER);
}
