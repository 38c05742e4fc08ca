import { callAsStaff } from './staff.js';

/**
 * @typedef {object} User
 * @property {number} id
 * @property {string} username
 * @property {string} date_joined
 * @property {boolean} is_active
 * @property {boolean} is_staff
 */

/** @typedef {User & { sessions: number, tasks: number, task_bytes: number }} UserDetails */

/**
 * @param {number} id
 * @returns {Promise<UserDetails>}
 */
export async function read(id) {
  return (await callAsStaff('GET', `/api/admin/users/${id}/`)).data;
}

/**
 * What staff can do to a user. The server may ask for the staff member's own password (ApiError 400).
 *
 * @typedef {'activate' | 'deactivate' | 'end-sessions' | 'delete'} Act
 */

/**
 * @param {Act} act
 * @param {number} id
 * @param {{ password?: string }} body
 */
export async function carryOut(act, id, body) {
  const user = `/api/admin/users/${id}/`;
  if (act === 'delete') await callAsStaff('DELETE', user, { body });
  else await callAsStaff('POST', `${user}${act}/`, { body });
}
