import type { ListEnd, ListQuery, Selection } from '../../../application/manage-tasks.js';
import { trim } from '../../../domain/input.js';
import { maxPageSize } from '../../../domain/page.js';
import type { TaskOrder } from '../../../domain/task-query.js';
import { taskStatuses } from '../../../domain/task.js';
import { parseForm, type FormEntries } from './parse-form.js';

/** The list that a client asks for. `offset` is undefined if the client does not page by offset. */
export interface RequestedList extends ListQuery {
  readonly after: number;
  readonly count: boolean;
}

const wholeList: RequestedList = {
  after: 0,
  offset: undefined,
  limit: Infinity,
  selection: undefined,
  count: false,
};

/**
 * Parses the query string of a list. It never throws: an invalid value counts as missing, and so does a limit above 1,000
 * (docs/api.md, sections 8.14 and 8.18). Without a limit the offset is ignored. In an order other than by id, `after` is
 * ignored, and pages are found by offset.
 */
export function parseListQuery(querystring: string): RequestedList {
  if (querystring === '') return wholeList;
  const query = parseQuery(querystring);
  const limit = wholeNumber(query, 'limit');
  const isPage = limit !== undefined && limit > 0 && limit <= maxPageSize;
  const statuses = parseStatuses(query);
  const search = parseSearch(query);
  const order = parseOrder(query);
  const isFiltered = statuses !== undefined || search !== undefined;
  const isById = order.by === 'id';
  return {
    after: (isById ? wholeNumber(query, 'after') : undefined) ?? 0,
    offset: isPage ? (wholeNumber(query, 'offset') ?? (isById ? undefined : 0)) : undefined,
    limit: isPage ? limit : Infinity,
    selection: isFiltered || order !== ascendingIds ? { statuses, search, order } : undefined,
    count: isPage || isFiltered,
  };
}

/** The known statuses of a list with commas; undefined if there is none. */
function parseStatuses(query: FormEntries): Selection['statuses'] {
  const names = new Set(lastValue(query, 'status')?.split(',').map(trim));
  const statuses = taskStatuses.filter((status) => names.has(status));
  return statuses.length > 0 ? statuses : undefined;
}

/**
 * The longest text that is searched for, in UTF-16 code units. V8 finds texts of up to 250 in linear time, longer ones in
 * the product of both lengths: 1,000 in a megabyte can take 0.4 s.
 */
export const maxSearchLength = 250;

function parseSearch(query: FormEntries): string | undefined {
  const search = trim(lastValue(query, 'search') ?? '').toLowerCase();
  return search !== '' && search.length <= maxSearchLength ? search : undefined;
}

const ascendingIds: TaskOrder = { by: 'id', descending: false };
const orders: ReadonlyMap<string, TaskOrder> = new Map<string, TaskOrder>([
  ['-id', { by: 'id', descending: true }],
  ['title', { by: 'title', descending: false }],
  ['-title', { by: 'title', descending: true }],
  ['status', { by: 'status', descending: false }],
  ['-status', { by: 'status', descending: true }],
]);

function parseOrder(query: FormEntries): TaskOrder {
  return orders.get(trim(lastValue(query, 'ordering') ?? '')) ?? ascendingIds;
}

/**
 * The Link header to the next page. The reference is relative, so it works behind a proxy with any path prefix. It keeps
 * all other parameters as they were sent, and pages by offset if the client does. Empty on the last page, and for a client
 * that does not page.
 */
export function linkToNext(
  querystring: string,
  { limit, after, offset }: RequestedList,
  { lastId, hasMore }: ListEnd,
): Record<string, string> {
  if (limit === Infinity || !hasMore) return {};
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

/** The last value of a parameter, as in the replaced backend. */
function lastValue(query: FormEntries, name: string): string | undefined {
  return query.findLast(([given]) => given === name)?.[1];
}

/** A whole number. A plus and surrounding spaces are allowed, as in Python's int(). */
function wholeNumber(query: FormEntries, name: string): number | undefined {
  const digits = /^\s*\+?(\d+)\s*$/.exec(lastValue(query, name) ?? '')?.[1];
  // No id and no length of a list is larger.
  return digits === undefined ? undefined : Math.min(Number(digits), Number.MAX_SAFE_INTEGER);
}
