import { nextRevision } from 'hexado/storage';
import { byId, selectPage, toPage } from './task-page.js';

/**
 * @import { Archive, Clock } from 'hexado/storage'
 * @import { Database } from './database.js'
 */

/** Seconds after which an import that does not go on is forgotten. */
const importLifetime = 86_400;

/** Export and import. The tasks of an import are in a table of their own until it has finished. */
export class PostgresArchive {
  #database;
  #clock;

  /** @param {Database} database @param {Clock} clock */
  constructor(database, clock) {
    this.#database = database;
    this.#clock = clock;
  }

  /** @type {Archive['lastUserId']} */
  async lastUserId() {
    const { rows } = await this.#database.query('select * from hexado.counter');
    return rows[0].last_user_id;
  }

  /** @type {Archive['tasksOf']} */
  async tasksOf(userId, { after, limit }) {
    const { text, values } = selectPage(
      { tables: 'hexado.users u', condition: 'u.id = $1', values: [userId] },
      { order: byId, after: { id: after }, offset: 0, limit },
    );
    const { rows } = await this.#database.query(text, values);
    if (rows.length === 0) return { tasks: [], hasMore: false, lastTaskId: 0 };
    return { ...toPage(rows), lastTaskId: rows[0].last_task_id };
  }

  /** @type {Archive['reserveUserIds']} */
  async reserveUserIds(lastUserId) {
    await this.#database.query('update hexado.counter set last_user_id = greatest(last_user_id, $1)', [
      lastUserId,
    ]);
  }

  /** @type {Archive['begin']} */
  async begin({ id, username }) {
    return this.#database.transaction(async (transaction) => {
      const { rows: holders } = await transaction.query(
        'select * from hexado.users where id = $1 or username = $2',
        [id, username],
      );
      const isPresent = holders.some((holder) => holder.id === id && holder.username === username);
      if (holders.length > 0) return isPresent ? 'present' : 'taken';
      await transaction.query('delete from hexado.imports where user_id = $1', [id]);
      await transaction.query('insert into hexado.imports values ($1, $2)', [
        id,
        this.#clock() + importLifetime,
      ]);
      return 'begun';
    });
  }

  /** @type {Archive['addTasks']} */
  async addTasks(userId, tasks) {
    await this.#database.transaction(async (transaction) => {
      const { rowCount } = await transaction.query(
        'update hexado.imports set expires_at = $2 where user_id = $1',
        [userId, this.#clock() + importLifetime],
      );
      if (rowCount === 0) return;
      await transaction.query(
        `insert into hexado.imported_tasks
         select $1, * from unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])`,
        [
          userId,
          tasks.map(({ id }) => id),
          tasks.map(({ title }) => title),
          tasks.map(({ description }) => description),
          tasks.map(({ status }) => status),
          tasks.map(({ title }) => title.toLowerCase()),
          tasks.map(({ description }) => description.toLowerCase()),
        ],
      );
    });
  }

  /** @type {Archive['finish']} */
  async finish({ id, username, passwordHash, active, createdAt, isStaff = false }, lastTaskId) {
    return this.#database.transaction(async (transaction) => {
      // Before the name, as a registration does.
      await transaction.query('update hexado.counter set last_user_id = greatest(last_user_id, $1)', [id]);
      const { rowCount } = await transaction.query(
        `insert into hexado.users (id, username, password_hash, active, created_at, last_task_id, revision)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict do nothing`,
        [id, username, passwordHash, active, createdAt, lastTaskId, nextRevision(0, this.#clock())],
      );
      if (rowCount === 1) {
        await transaction.query(
          'insert into hexado.tasks select * from hexado.imported_tasks where user_id = $1',
          [id],
        );
        await transaction.query(
          `update hexado.users set (task_count, task_bytes) = (
             select count(*), coalesce(sum(octet_length(title) + octet_length(description)), 0)
             from hexado.tasks where user_id = $1)
           where id = $1`,
          [id],
        );
        if (isStaff && active) await transaction.query('insert into hexado.staff values ($1)', [id]);
      }
      await transaction.query('delete from hexado.imports where user_id = $1', [id]);
      return rowCount === 1;
    });
  }
}
