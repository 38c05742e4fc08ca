import { maxPageBytes } from 'hexado/storage';

/** @import { Task, TaskOrder, TaskPosition, TaskQuery } from 'hexado/storage' */

/**
 * Which tasks of a user are wanted. In the order of ids, only the id of `after` counts.
 *
 * @typedef {Omit<TaskQuery, 'after' | 'count'> & { after?: Partial<TaskPosition>, count?: boolean }} PageQuery
 */

/** @type {TaskOrder} */
export const byId = { by: 'id', descending: false };

/**
 * The statement that reads a page of the tasks of a user. `of` says of which: its tables, one of them the user's as `u`,
 * and a condition with the first of the values. The result has a row for each task, at least one if the condition has
 * found the user, and none if it has not.
 *
 * The page is chosen by the lengths of texts, which the database knows without reading the texts.
 *
 * @param {{ tables: string, condition: string, values: unknown[] }} of @param {PageQuery} query
 */
export function selectPage(of, { statuses, search, order, after, offset, limit, count }) {
  const values = [...of.values];
  const value = (/** @type {unknown} */ given) => `$${values.push(given)}`;

  const filters = [];
  if (statuses) filters.push(`status = any(${value(statuses)})`);
  if (search !== undefined) {
    const text = value(search);
    filters.push(`(strpos(lower_title, ${text}) > 0 or strpos(lower_description, ${text}) > 0)`);
  }
  const filtered = `from hexado.tasks where ${['user_id = u.id', ...filters].join(' and ')}`;
  const total = filters.length > 0 ? `(select count(*) ${filtered})` : 'u.task_count';
  const sort = `${order.by} ${order.descending ? 'desc' : 'asc'}${order.by === 'id' ? '' : ', id'}`;
  const text = `
    select u.revision, u.last_task_id, ${count ? total : 'null'} as total, page.*
    from ${of.tables} left join lateral (
      select id, title, description, status, place, found
      from (
        select *, row_number() over sorted as place, count(*) over () as found,
          sum(bytes) over sorted - bytes as bytes_before
        from (
          select id, title, description, status, octet_length(title) + octet_length(description) as bytes
          ${filtered} ${after ? `and ${isAfter(after, order, value)}` : ''}
          order by ${sort} offset ${value(offset)} limit ${value(limit + 1)}
        ) next
        window sorted as (order by ${sort})
      ) measured
      where place <= ${value(limit)} and bytes_before <= ${value(maxPageBytes)}
    ) page on true
    where ${of.condition}
    order by page.place`;
  return { text, values };
}

/**
 * The page in the rows of such a statement.
 *
 * @param {any[]} rows
 */
export function toPage(rows) {
  const tasks = rows.filter(({ id }) => id !== null).map(toTask);
  return { tasks, hasMore: tasks.length < (rows[0].found ?? 0) };
}

/** @param {any} row @returns {Task} */
export function toTask({ id, title, description, status }) {
  return { id, title, description, status };
}

/** @param {Partial<TaskPosition>} after @param {TaskOrder} order @param {(given: unknown) => string} value */
function isAfter(after, { by, descending }, value) {
  const comparison = descending ? '<' : '>';
  if (by === 'id') return `id ${comparison} ${value(after.id)}`;
  const [place, id] = [value(after[by]), value(after.id)];
  return `(${by} ${comparison} ${place} or (${by} = ${place} and id > ${id}))`;
}
