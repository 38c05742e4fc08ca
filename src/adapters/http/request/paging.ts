import type { ListEnd } from '../../../application/manage-tasks.js';
import { maxPageSize } from '../../../domain/page.js';
import { parseForm, type FormEntries } from './parse-form.js';

/** The page of a list that a client asks for. */
export interface Paging {
  /** The id after which the page starts; 0 for the start of the list. */
  readonly after: number;
  /** How many items after `after` are skipped; undefined if the client does not page by offset. */
  readonly offset: number | undefined;
  /** The maximum number of items; undefined for no limit. */
  readonly limit: number | undefined;
}

/**
 * Parses the paging parameters of a query string. It never throws: an invalid value counts as missing, and so does a limit
 * above 1,000 (docs/api.md, section 8.14). Without a limit the offset is ignored.
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
 * The Link header to the next page. The reference is relative, so it works behind a proxy with any path prefix. It keeps
 * all other parameters as they were sent, and pages by offset if the client does. Empty on the last page, and for a client
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

/** Characters of a query that would end the link (RFC 8288). */
const notInLinks = /["<>]/g;

/** The parameters of a query. Koa's own `ctx.query` takes quadratic time for many parameters. */
function parseQuery(query: string): FormEntries {
  return query === '' ? [] : parseForm(query, (bytes) => bytes.toString());
}

/**
 * The last value of a parameter, as in the replaced backend, if it is a whole number. A plus and surrounding spaces are
 * allowed, as in Python's int().
 */
function wholeNumber(query: FormEntries, name: string): number | undefined {
  const text = query.findLast(([given]) => given === name)?.[1];
  const digits = /^\s*\+?(\d+)\s*$/.exec(text ?? '')?.[1];
  // No id and no length of a list is larger.
  return digits === undefined ? undefined : Math.min(Number(digits), Number.MAX_SAFE_INTEGER);
}
