import { call } from './session.js';

/**
 * @typedef {object} Task
 * @property {number} id
 * @property {string} title
 * @property {string} description
 * @property {string} status
 */

/** The statuses of tasks, with their names for people. */
export const statuses = { pending: 'Pending', 'in-progress': 'In progress', completed: 'Completed' };

/** The orders of lists, with their names for people. The first one is the usual one. */
export const orders = { '-id': 'Newest first', id: 'Oldest first', title: 'Title', status: 'Status' };

/** How many tasks come at once. */
const limit = '50';

/**
 * A part of a list. `next` is where the following part is, if there is one.
 *
 * @typedef {{ tasks: Task[], total: number | undefined, next: string | undefined }} Page
 */

/**
 * The first part of a list.
 *
 * @param {Record<string, string>} selection
 */
export function firstPage(selection) {
  return page(`?${new URLSearchParams({ ...selection, limit })}`);
}

/**
 * A part of a list, by its address.
 *
 * @param {string} query
 * @returns {Promise<Page>}
 */
export async function page(query) {
  const { data, headers } = await call('GET', `/tasks/${query}`);
  const total = headers.get('X-Total-Count');
  const [, next] = /^<([^>]+)>; rel="next"/.exec(headers.get('Link') ?? '') ?? [];
  return { tasks: data, total: total === null ? undefined : Number(total), next };
}

/**
 * A task, and the tag of this version of it.
 *
 * @param {number} id
 * @returns {Promise<{ task: Task, tag: string | null }>}
 */
export async function read(id) {
  const { data, headers } = await call('GET', `/tasks/${id}/`);
  return { task: data, tag: headers.get('ETag') };
}

/**
 * Creates a task; with the same key only once, however often it is tried.
 *
 * @param {object} fields
 * @param {string} idempotencyKey
 */
export async function create(fields, idempotencyKey) {
  await call('POST', '/tasks/create/', { body: fields, headers: { 'Idempotency-Key': idempotencyKey } });
}

/**
 * Changes these fields of a task; with a tag, only while it is the version of that tag (otherwise ApiError 412).
 *
 * @param {number} id
 * @param {Partial<Task>} changes
 * @param {string | null} [tag]
 * @returns {Promise<Task>}
 */
export async function update(id, changes, tag = null) {
  const headers = tag === null ? {} : { 'If-Match': tag };
  return (await call('PUT', `/tasks/${id}/update/`, { body: changes, headers })).data;
}

/** @param {number} id */
export async function remove(id) {
  await call('DELETE', `/tasks/${id}/delete/`);
}
