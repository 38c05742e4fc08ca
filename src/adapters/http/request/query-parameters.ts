import { trim } from '../../../domain/input.js';
import { maxPageSize } from '../../../domain/page.js';
import { parseForm, type FormEntries } from './parse-form.js';

/** The parameters of a query. Koa's own `ctx.query` takes quadratic time for many parameters. */
export function parseQuery(query: string): FormEntries {
  return query === '' ? [] : parseForm(query, (bytes) => bytes.toString());
}

/** The last value of a parameter, as in the replaced backend. */
export function lastValue(query: FormEntries, name: string): string | undefined {
  return query.findLast(([given]) => given === name)?.[1];
}

/** A whole number. A plus and surrounding spaces are allowed, as in Python's int(). */
export function wholeNumber(query: FormEntries, name: string): number | undefined {
  const digits = /^\s*\+?(\d+)\s*$/.exec(lastValue(query, name) ?? '')?.[1];
  // No id and no length of a list is larger.
  return digits === undefined ? undefined : Math.min(Number(digits), Number.MAX_SAFE_INTEGER);
}

/** The `limit` of a page; `Infinity` if there is none, or one that no page can have. */
export function pageLimit(query: FormEntries): number {
  const limit = wholeNumber(query, 'limit');
  return limit !== undefined && limit > 0 && limit <= maxPageSize ? limit : Infinity;
}

/**
 * The longest text that is searched for, in UTF-16 code units. V8 finds texts of up to 250 in linear time, longer ones in
 * the product of both lengths: 1,000 in a megabyte can take 0.4 s.
 */
export const maxSearchLength = 250;

/** The text to search for, in lower case; undefined if there is none. */
export function searchedText(query: FormEntries): string | undefined {
  const search = trim(lastValue(query, 'search') ?? '').toLowerCase();
  return search !== '' && search.length <= maxSearchLength ? search : undefined;
}

/**
 * The Link header to another page (RFC 8288): `limit` and all parameters as they were sent, but for those in `paging`,
 * whose place `next` takes. The reference is relative, so it works behind a proxy with any path prefix.
 */
export function linkHeader(
  querystring: string,
  limit: number,
  paging: readonly string[],
  next: readonly string[],
): Record<string, string> {
  const others = querystring.split('&').filter((pair) => {
    const [entry] = parseQuery(pair);
    return entry && entry[0] !== 'limit' && !paging.includes(entry[0]);
  });
  const query = [`limit=${limit}`, ...others, ...next].join('&').replaceAll(notInLinks, encodeURIComponent);
  return { Link: `<?${query}>; rel="next"` };
}

/** Characters of a query that would end the link (RFC 8288). */
const notInLinks = /["<>]/g;
