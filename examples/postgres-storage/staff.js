import { maxAuditRecords, refuse, takesRight } from 'hexado/storage';
import { endSessions, lockStaff, lockUser, requireAnother, takeRight } from './locks.js';
import { toSession } from './sessions.js';
import { activate, deactivate, remove } from './users.js';

/**
 * @import { Clock, NewAuditRecord, Session, SessionRef, StaffAct, StaffRepository } from 'hexado/storage'
 * @import { Connection, Database } from './database.js'
 */

/**
 * What each act does to a user who is locked.
 *
 * @type {Readonly<Record<StaffAct, (transaction: Connection, userId: number, now: number) => Promise<unknown>>>}
 */
const does = { activate, deactivate, end_sessions: endSessions, delete: remove };

/** Who is staff, and the audit log. An act and its record are one transaction. */
export class PostgresStaff {
  #database;
  #clock;

  /** @param {Database} database @param {Clock} clock */
  constructor(database, clock) {
    this.#database = database;
    this.#clock = clock;
  }

  /** @type {StaffRepository['add']} */
  async add(userId) {
    return this.#database.transaction(async (transaction) => {
      const user = await lockUser(transaction, userId);
      if (!user?.active) return false;
      await transaction.query('insert into hexado.staff values ($1) on conflict do nothing', [userId]);
      return true;
    });
  }

  /** @type {StaffRepository['remove']} */
  async remove(userId) {
    return this.#database.transaction(async (transaction) => {
      await lockUser(transaction, userId);
      return takeRight(transaction, userId);
    });
  }

  /** @type {StaffRepository['list']} */
  async list() {
    const { rows } = await this.#database.query('select user_id from hexado.staff order by user_id');
    return rows.map((row) => row.user_id);
  }

  /** @type {StaffRepository['authorise']} */
  async authorise(by) {
    return requireStaff(this.#database, by, this.#clock());
  }

  /** @type {StaffRepository['act']} */
  async act(by, record) {
    const { act, userId } = record;
    return this.#database.transaction(async (transaction) => {
      const now = this.#clock();
      const user = await lockUser(transaction, userId);
      await lockStaff(transaction);
      if (takesRight(act)) await requireAnother(transaction, userId);
      await requireStaff(transaction, by, now);
      if (!user) return false;
      await addRecord(transaction, record);
      await does[act](transaction, userId, now);
      return true;
    });
  }

  /** @type {StaffRepository['record']} */
  async record(record) {
    await addRecord(this.#database, record);
  }

  /** @type {StaffRepository['records']} */
  async records({ before, limit }) {
    const { rows } = await this.#database.query(
      'select * from hexado.audit where id < $1 order by id desc limit $2',
      [Math.min(before, Number.MAX_SAFE_INTEGER), limit],
    );
    return rows.map(({ user_id: userId, ...rest }) => ({ ...rest, userId }));
  }
}

/**
 * The active session of somebody who is staff. Rejects with 'token_revoked' or 'not_staff'. No lock is needed: an act may
 * still be done that began before its session ended, and while staff is locked, nobody loses the right.
 *
 * @param {Pick<Connection, 'query'>} connection @param {SessionRef} by @param {number} now
 * @returns {Promise<Session>}
 */
async function requireStaff(connection, { userId, sessionId }, now) {
  const { rows } = await connection.query(
    `select s.*, exists (select from hexado.staff t where t.user_id = s.user_id) as is_staff
     from hexado.sessions s where s.user_id = $1 and s.id = $2 and s.expires_at > $3`,
    [userId, sessionId, now],
  );
  const [session] = rows;
  if (!session) return refuse('token_revoked');
  return session.is_staff ? toSession(session) : refuse('not_staff');
}

/**
 * Adds a record, and deletes the one that is one too many. Locks staff.
 *
 * @param {Pick<Connection, 'query'>} connection @param {NewAuditRecord} record
 */
async function addRecord(connection, { at, by, actor, act, userId, username }) {
  await connection.query(
    `with next as (
       update hexado.audit_counter set last_record_id = last_record_id + 1 returning last_record_id as id),
     dropped as (
       delete from hexado.audit where id <= (select id from next) - $7)
     insert into hexado.audit select id, $1, $2, $3, $4, $5, $6 from next`,
    [at, by, actor, act, userId, username, maxAuditRecords],
  );
}
