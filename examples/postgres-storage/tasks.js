import { nextRevision, refuse } from 'hexado/storage';
import { lockSession } from './locks.js';
import { byId, selectPage, toPage, toTask } from './task-page.js';

/**
 * @import { Clock, IdempotencyKey, SessionRef, TaskDraft, TaskRepository } from 'hexado/storage'
 * @import { Connection, Database } from './database.js'
 */

/** Seconds for which an idempotency key is remembered. */
const keyLifetime = 86_400;

/** Tasks. The row of their user has their count, bytes and revision, and is locked by every change. */
export class PostgresTasks {
  #database;
  #clock;

  /** @param {Database} database @param {Clock} clock */
  constructor(database, clock) {
    this.#database = database;
    this.#clock = clock;
  }

  /** @type {TaskRepository['create']} */
  async create(session, draft, { limits, idempotency }) {
    return this.#database.transaction(async (transaction) => {
      const now = this.#clock();
      const { userId } = session;
      const user = await lockSession(transaction, session, now);
      const { title, description, status } = draft;
      const known = idempotency && (await findKey(transaction, userId, idempotency, now));
      if (known) return { id: known.task_id, title, description, status };

      const bytes = bytesOf(draft);
      if (user.task_count >= limits.tasks) refuse('task_limit_reached');
      if (user.task_bytes + bytes > limits.bytes) refuse('byte_limit_reached');
      const id = user.last_task_id + 1;
      if (idempotency) {
        const { rows } = await transaction.query(
          'select count(*) from hexado.idempotency_keys where user_id = $1 and expires_at > $2',
          [userId, now],
        );
        if (rows[0].count >= limits.idempotencyKeys) refuse('idempotency_key_limit_reached');
        await transaction.query(
          `insert into hexado.idempotency_keys values ($1, $2, $3, $4, $5)
           on conflict (user_id, key) do update
           set fingerprint = excluded.fingerprint, task_id = excluded.task_id, expires_at = excluded.expires_at`,
          [userId, idempotency.key, idempotency.fingerprint, id, now + keyLifetime],
        );
      }
      await transaction.query(
        `with created as (
           insert into hexado.tasks (user_id, id, title, description, status, lower_title, lower_description)
           values ($1, $2, $3, $4, $5, $6, $7))
         update hexado.users
         set last_task_id = $2, task_count = task_count + 1, task_bytes = task_bytes + $8, revision = $9
         where id = $1`,
        [
          userId,
          id,
          title,
          description,
          status,
          title.toLowerCase(),
          description.toLowerCase(),
          bytes,
          nextRevision(user.revision, now),
        ],
      );
      return { id, title, description, status };
    });
  }

  /** @type {TaskRepository['find']} */
  async find({ userId, sessionId }, id) {
    const { rows } = await this.#database.query(
      `select t.* from hexado.sessions s left join hexado.tasks t on t.user_id = s.user_id and t.id = $4
       where s.user_id = $1 and s.id = $2 and s.expires_at > $3`,
      [userId, sessionId, this.#clock(), id],
    );
    if (rows.length === 0) refuse('token_revoked');
    return rows[0].id === null ? undefined : toTask(rows[0]);
  }

  /** @type {TaskRepository['list']} */
  async list(session, { after, limit }) {
    const query = { order: byId, after: { id: after }, offset: 0, limit, count: true };
    const { total, ...page } = await this.#select(session, query);
    return { ...page, total };
  }

  /** @type {TaskRepository['select']} */
  async select(session, query) {
    return this.#select(session, query);
  }

  /** @type {TaskRepository['summary']} */
  async summary({ userId, sessionId }) {
    const { rows } = await this.#database.query(
      `select u.* from hexado.users u join hexado.sessions s on s.user_id = u.id
       where s.user_id = $1 and s.id = $2 and s.expires_at > $3`,
      [userId, sessionId, this.#clock()],
    );
    return toSummary(rows[0] ?? refuse('token_revoked'));
  }

  /** @type {TaskRepository['summaryOf']} */
  async summaryOf(userId) {
    const { rows } = await this.#database.query('select * from hexado.users where id = $1', [userId]);
    return rows[0] ? toSummary(rows[0]) : { revision: 0, count: 0, bytes: 0 };
  }

  /** @type {TaskRepository['update']} */
  async update(session, id, changes, { maxBytes, expected }) {
    return this.#database.transaction(async (transaction) => {
      const now = this.#clock();
      const { userId } = session;
      const user = await lockSession(transaction, session, now);
      const task = await findTask(transaction, userId, id, expected);
      if (!task) return undefined;
      const updated = { ...task, ...changes };
      const growth = bytesOf(updated) - bytesOf(task);
      if (growth > 0 && user.task_bytes + growth > maxBytes) refuse('byte_limit_reached');
      const { title, description, status } = updated;
      await transaction.query(
        `with updated as (
           update hexado.tasks
           set title = $3, description = $4, status = $5, lower_title = $6, lower_description = $7
           where user_id = $1 and id = $2)
         update hexado.users set task_bytes = task_bytes + $8, revision = $9 where id = $1`,
        [
          userId,
          id,
          title,
          description,
          status,
          title.toLowerCase(),
          description.toLowerCase(),
          growth,
          nextRevision(user.revision, now),
        ],
      );
      return updated;
    });
  }

  /** @type {TaskRepository['remove']} */
  async remove(session, id, expected) {
    return this.#database.transaction(async (transaction) => {
      const now = this.#clock();
      const { userId } = session;
      const user = await lockSession(transaction, session, now);
      const task = await findTask(transaction, userId, id, expected);
      if (!task) return false;
      await transaction.query(
        `with removed as (delete from hexado.tasks where user_id = $1 and id = $2)
         update hexado.users set task_count = task_count - 1, task_bytes = task_bytes - $3, revision = $4
         where id = $1`,
        [userId, id, bytesOf(task), nextRevision(user.revision, now)],
      );
      return true;
    });
  }

  /**
   * In one statement, so that the session is active, and the revision that of the tasks, in the same moment.
   *
   * @param {SessionRef} session @param {import('./task-page.js').PageQuery} query
   */
  async #select({ userId, sessionId }, query) {
    const { text, values } = selectPage(
      {
        tables: 'hexado.sessions s join hexado.users u on u.id = s.user_id',
        condition: 's.user_id = $1 and s.id = $2 and s.expires_at > $3',
        values: [userId, sessionId, this.#clock()],
      },
      query,
    );
    const { rows } = await this.#database.query(text, values);
    if (rows.length === 0) refuse('token_revoked');
    return { ...toPage(rows), revision: rows[0].revision, ...(query.count && { total: rows[0].total }) };
  }
}

/**
 * What is remembered of the key, if it is known. Rejects with 'idempotency_key_reused'.
 *
 * @param {Connection} transaction @param {number} userId @param {IdempotencyKey} idempotency @param {number} now
 */
async function findKey(transaction, userId, { key, fingerprint }, now) {
  const { rows } = await transaction.query(
    'select * from hexado.idempotency_keys where user_id = $1 and key = $2 and expires_at > $3',
    [userId, key, now],
  );
  if (rows[0] && rows[0].fingerprint !== fingerprint) refuse('idempotency_key_reused');
  return rows[0];
}

/**
 * A task of a user who is locked. Rejects with 'task_changed' if it is not the expected one.
 *
 * @param {Connection} transaction @param {number} userId @param {number} id @param {TaskDraft | undefined} expected
 */
async function findTask(transaction, userId, id, expected) {
  const { rows } = await transaction.query('select * from hexado.tasks where user_id = $1 and id = $2', [
    userId,
    id,
  ]);
  if (rows.length === 0) return undefined;
  const task = toTask(rows[0]);
  const { title, description, status } = expected ?? task;
  const isExpected = task.title === title && task.description === description && task.status === status;
  return isExpected ? task : refuse('task_changed');
}

/** @param {any} user */
function toSummary({ revision, task_count: count, task_bytes: bytes }) {
  return { revision, count, bytes };
}

/**
 * The size of a title and a description, in bytes of UTF-8.
 *
 * @param {Pick<TaskDraft, 'title' | 'description'>} texts
 */
function bytesOf({ title, description }) {
  return Buffer.byteLength(title) + Buffer.byteLength(description);
}
