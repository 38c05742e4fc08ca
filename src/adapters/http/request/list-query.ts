import type { ListEnd, ListQuery, Selection } from '../../../application/manage-tasks.js';
import { trim } from '../../../domain/input.js';
import type { TaskOrder } from '../../../domain/task-query.js';
import { taskStatuses } from '../../../domain/task.js';
import type { FormEntries } from './parse-form.js';
import {
  lastValue,
  linkHeader,
  pageLimit,
  parseQuery,
  searchedText,
  wholeNumber,
} from './query-parameters.js';

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
  const limit = pageLimit(query);
  const isPage = limit !== Infinity;
  const statuses = parseStatuses(query);
  const search = searchedText(query);
  const order = parseOrder(query);
  const isFiltered = statuses !== undefined || search !== undefined;
  const isById = order.by === 'id';
  return {
    after: (isById ? wholeNumber(query, 'after') : undefined) ?? 0,
    offset: isPage ? (wholeNumber(query, 'offset') ?? (isById ? undefined : 0)) : undefined,
    limit,
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
 * The Link header to the next page, by offset if the client pages so. Empty on the last page, and for a client that does
 * not page.
 */
export function linkToNext(
  querystring: string,
  { limit, after, offset }: RequestedList,
  { lastId, hasMore }: ListEnd,
): Record<string, string> {
  if (limit === Infinity || !hasMore) return {};
  const start = after > 0 ? [`after=${after}`] : [];
  const next = offset === undefined ? [`after=${lastId}`] : [...start, `offset=${offset + limit}`];
  return linkHeader(querystring, limit, ['after', 'offset'], next);
}
