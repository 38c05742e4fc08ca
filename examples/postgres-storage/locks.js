import { refuse } from 'hexado/storage';

/** @typedef {import('./database.js').Connection} Connection */
/** @typedef {{ readonly userId: number, readonly sessionId: string }} SessionRef */

// Whoever changes more than one row of a user locks the row of the user first, and whoever then takes the right of staff
// away locks staff, as the last thing. So nobody who holds a row waits for one that comes before it, and there are no
// deadlocks.

/**
 * Locks the user until the transaction ends: nobody else changes their tasks or ends their sessions. Undefined if there
 * is no such user.
 *
 * @param {Connection} transaction @param {number} userId
 */
export async function lockUser(transaction, userId) {
  const { rows } = await transaction.query('select * from hexado.users where id = $1 for update', [userId]);
  return rows[0];
}

/**
 * Locks the user of an active session, and the session. Rejects with 'token_revoked' if it is not active.
 *
 * Both are locked, although the lock of the user would do: the statement may have waited for a transaction that ended
 * the session, and only rows that it locks are looked at again after that.
 *
 * @param {Connection} transaction @param {SessionRef} session @param {number} now
 */
export async function lockSession(transaction, { userId, sessionId }, now) {
  const { rows } = await transaction.query(
    `select u.* from hexado.users u join hexado.sessions s on s.user_id = u.id
     where u.id = $1 and s.id = $2 and s.expires_at > $3
     for update of u, s`,
    [userId, sessionId, now],
  );
  return rows[0] ?? refuse('token_revoked');
}

/**
 * Locks staff until the transaction ends: nobody else loses the right, or adds a record.
 *
 * @param {Connection} transaction
 */
export async function lockStaff(transaction) {
  await transaction.query('select from hexado.audit_counter for update');
}

/**
 * Rejects with 'last_administrator' if the user is staff, and nobody else is. Staff is locked.
 *
 * @param {Connection} transaction @param {number} userId
 */
export async function requireAnother(transaction, userId) {
  const { rows } = await transaction.query('select user_id from hexado.staff limit 2');
  if (rows.length === 1 && rows[0].user_id === userId) refuse('last_administrator');
}

/**
 * Takes the right of staff from a user who is locked, so that nobody gives it to them meanwhile. False if they do not have
 * it. Rejects as `requireAnother` does.
 *
 * @param {Connection} transaction @param {number} userId
 */
export async function takeRight(transaction, userId) {
  const { rows } = await transaction.query('select from hexado.staff where user_id = $1', [userId]);
  if (rows.length === 0) return false;
  await lockStaff(transaction);
  await requireAnother(transaction, userId);
  await transaction.query('delete from hexado.staff where user_id = $1', [userId]);
  return true;
}

/**
 * Ends all sessions of a user who is locked but the one with the id `except`, and those that would be adopted. Resolves to
 * how many were active.
 *
 * @param {Connection} transaction @param {number} userId @param {number} now @param {string} [except]
 */
export async function endSessions(transaction, userId, now, except = '') {
  await transaction.query('update hexado.users set sessions_ended_at = $2 where id = $1', [userId, now]);
  const { rows } = await transaction.query(
    'delete from hexado.sessions where user_id = $1 and id <> $2 returning expires_at > $3 as active',
    [userId, except, now],
  );
  return rows.filter(({ active }) => active).length;
}
