import { opensWith } from 'hexado/storage';
import { endSessions, lockSession, lockUser, takeRight } from './locks.js';

/**
 * @import { Clock, User, UserRepository } from 'hexado/storage'
 * @import { Connection, Database } from './database.js'
 */

/** Accounts. Ids are taken from one counter; one is left out where two register a name at the same time. */
export class PostgresUsers {
  #database;
  #clock;

  /** @param {Database} database @param {Clock} clock */
  constructor(database, clock) {
    this.#database = database;
    this.#clock = clock;
  }

  /** @type {UserRepository['add']} */
  async add({ username, passwordHash, createdAt }) {
    const { rows } = await this.#database.query(
      `with next as (
         update hexado.counter set last_user_id = last_user_id + 1
         where not exists (select from hexado.users where username = $1)
         returning last_user_id)
       insert into hexado.users (id, username, password_hash, active, created_at)
       select last_user_id, $1, $2, true, $3 from next
       on conflict do nothing
       returning *`,
      [username, passwordHash, createdAt],
    );
    return rows.map(toUser)[0];
  }

  /** @type {UserRepository['find']} */
  async find(id) {
    const { rows } = await this.#database.query('select * from hexado.users where id = $1', [id]);
    return rows.map(toUser)[0];
  }

  /** @type {UserRepository['findByName']} */
  async findByName(username) {
    const { rows } = await this.#database.query('select * from hexado.users where username = $1', [username]);
    return rows.map(toUser)[0];
  }

  /** @type {UserRepository['list']} */
  async list({ after, limit }) {
    const { rows } = await this.#database.query(
      'select * from hexado.users where id > $1 order by id limit $2',
      [after, limit],
    );
    return rows.map(toUser);
  }

  /** @type {UserRepository['replacePasswordHash']} */
  async replacePasswordHash(id, from, to) {
    await this.#database.query(
      'update hexado.users set password_hash = $3 where id = $1 and password_hash = $2',
      [id, from, to],
    );
  }

  /** @type {UserRepository['setPasswordHash']} */
  async setPasswordHash(id, hash) {
    return this.#database.transaction(async (transaction) => {
      const user = await lockUser(transaction, id);
      if (!user) return false;
      await setPassword(transaction, id, hash, this.#clock());
      return true;
    });
  }

  /** @type {UserRepository['changePasswordHash']} */
  async changePasswordHash(by, from, to) {
    return this.#database.transaction(async (transaction) => {
      const now = this.#clock();
      const user = await lockSession(transaction, by, now);
      if (user.password_hash !== from) return false;
      await setPassword(transaction, by.userId, to, now, by.sessionId);
      return true;
    });
  }

  /** @type {UserRepository['setPasswordLink']} */
  async setPasswordLink(id, { digest, expiresAt }) {
    const { rowCount } = await this.#database.query(
      'update hexado.users set link_digest = $2, link_expires_at = $3 where id = $1',
      [id, digest, expiresAt],
    );
    return rowCount === 1;
  }

  /** @type {UserRepository['usePasswordLink']} */
  async usePasswordLink(id, digest, hash) {
    return this.#database.transaction(async (transaction) => {
      const row = await lockUser(transaction, id);
      const { active, passwordLink } = row ? toUser(row) : {};
      const now = this.#clock();
      if (!active || !passwordLink || !opensWith(passwordLink, digest, now)) return false;
      await setPassword(transaction, id, hash, now);
      return true;
    });
  }

  /** @type {UserRepository['activate']} */
  async activate(id) {
    return activate(this.#database, id);
  }

  /** @type {UserRepository['deactivate']} */
  async deactivate(id) {
    return this.#database.transaction(async (transaction) => {
      const user = await lockUser(transaction, id);
      if (!user) return false;
      await deactivate(transaction, id, this.#clock());
      return true;
    });
  }

  /** @type {UserRepository['remove']} */
  async remove(id) {
    return this.#database.transaction(async (transaction) => {
      await lockUser(transaction, id);
      return remove(transaction, id);
    });
  }

  /** @type {UserRepository['removeOwn']} */
  async removeOwn(by) {
    return this.#database.transaction(async (transaction) => {
      await lockSession(transaction, by, this.#clock());
      return remove(transaction, by.userId);
    });
  }
}

/**
 * @param {Pick<Connection, 'query'>} connection @param {number} userId
 * @returns {Promise<boolean>} Whether there is such a user.
 */
export async function activate(connection, userId) {
  const { rowCount } = await connection.query('update hexado.users set active = true where id = $1', [
    userId,
  ]);
  return rowCount === 1;
}

/**
 * Deactivates a user who is locked.
 *
 * @param {Connection} transaction @param {number} userId @param {number} now
 */
export async function deactivate(transaction, userId, now) {
  await takeRight(transaction, userId);
  await transaction.query('update hexado.users set active = false where id = $1', [userId]);
  await endSessions(transaction, userId, now);
}

/**
 * Removes a user who is locked.
 *
 * @param {Connection} transaction @param {number} userId
 * @returns {Promise<boolean>} Whether there is such a user.
 */
export async function remove(transaction, userId) {
  await takeRight(transaction, userId);
  // The foreign keys delete everything of the user in the same step.
  const { rowCount } = await transaction.query('delete from hexado.users where id = $1', [userId]);
  return rowCount === 1;
}

/**
 * Stores a new password of a user who is locked, removes their password link, and ends all sessions but the one with the
 * id `except`.
 *
 * @param {Connection} transaction @param {number} userId @param {string} hash @param {number} now @param {string} [except]
 */
async function setPassword(transaction, userId, hash, now, except) {
  await transaction.query(
    `update hexado.users set password_hash = $2, link_digest = null, link_expires_at = null where id = $1`,
    [userId, hash],
  );
  await endSessions(transaction, userId, now, except);
}

/** @param {any} row @returns {User} */
function toUser(row) {
  const link = { digest: row.link_digest, expiresAt: row.link_expires_at };
  return {
    id: row.id,
    username: row.username,
    passwordHash: row.password_hash,
    active: row.active,
    createdAt: row.created_at,
    ...(row.link_digest !== null && { passwordLink: link }),
  };
}
