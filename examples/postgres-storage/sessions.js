import { isAdoptable, refuse, rotate } from 'hexado/storage';
import { endSessions, lockSession, lockUser } from './locks.js';

/**
 * @import { Clock, Session, SessionRepository } from 'hexado/storage'
 * @import { Connection, Database } from './database.js'
 */

/** Sessions. Those that have expired are swept later, so every statement compares the time. */
export class PostgresSessions {
  #database;
  #clock;

  /** @param {Database} database @param {Clock} clock */
  constructor(database, clock) {
    this.#database = database;
    this.#clock = clock;
  }

  /** @type {SessionRepository['open']} */
  async open(session, passwordHash, limit) {
    return this.#database.transaction(async (transaction) => {
      const user = await lockUser(transaction, session.userId);
      if (!user?.active || user.password_hash !== passwordHash) return undefined;
      const { rows: held } = await transaction.query(
        `select id from hexado.sessions where user_id = $1 and expires_at > $2
         order by last_used_at, opened_at, opened_as`,
        [session.userId, this.#clock()],
      );
      const ended = held.slice(0, Math.max(0, held.length - limit + 1)).map(({ id }) => id);
      if (ended.length > 0) {
        await transaction.query('delete from hexado.sessions where user_id = $1 and id = any($2)', [
          session.userId,
          ended,
        ]);
      }
      await insert(transaction, session);
      return ended.length;
    });
  }

  /** @type {SessionRepository['adopt']} */
  async adopt(session) {
    return this.#database.transaction(async (transaction) => {
      const user = await lockUser(transaction, session.userId);
      if (!user) return false;
      const account = { active: user.active, createdAt: user.created_at };
      if (!isAdoptable(session, account, user.sessions_ended_at ?? undefined, this.#clock())) return false;
      const { rowCount } = await transaction.query(
        'insert into hexado.adopted (user_id, id, expires_at) values ($1, $2, $3) on conflict do nothing',
        [session.userId, session.id, session.current.expiresAt],
      );
      if (rowCount === 1) await insert(transaction, session);
      return rowCount === 1;
    });
  }

  /** @type {SessionRepository['find']} */
  async find({ userId, sessionId }) {
    const { rows } = await this.#database.query(
      'select * from hexado.sessions where user_id = $1 and id = $2 and expires_at > $3',
      [userId, sessionId, this.#clock()],
    );
    return rows.map(toSession)[0];
  }

  /** @type {SessionRepository['list']} */
  async list({ userId, sessionId }) {
    const sessions = await this.listOf(userId);
    // One statement has read all of them: if this one is among them, it was active when the others were.
    return sessions.some(({ id }) => id === sessionId) ? sessions : refuse('token_revoked');
  }

  /** @type {SessionRepository['touch']} */
  async touch({ userId, sessionId }, at) {
    await this.#database.query(
      `update hexado.sessions set last_used_at = $4
       where user_id = $1 and id = $2 and expires_at > $3 and last_used_at < $4`,
      [userId, sessionId, this.#clock(), at],
    );
  }

  /** @type {SessionRepository['rotate']} */
  async rotate({ userId, sessionId }, request) {
    return this.#database.transaction(async (transaction) => {
      const now = this.#clock();
      const { rows } = await transaction.query(
        `select * from hexado.sessions where user_id = $1 and id = $2 and expires_at > $3 for update`,
        [userId, sessionId, now],
      );
      if (rows.length === 0) return 'gone';
      const rotation = rotate(toSession(rows[0]), request, now);
      if (rotation.outcome === 'reused') {
        await transaction.query('delete from hexado.sessions where user_id = $1 and id = $2', [
          userId,
          sessionId,
        ]);
        return 'reused';
      }
      const { lastUsedAt, current, rotatedOut } = rotation.session;
      await transaction.query(
        `update hexado.sessions
         set last_used_at = $3, token_id = $4, token_issued_at = $5, expires_at = $6, rotated_out = $7
         where user_id = $1 and id = $2`,
        [userId, sessionId, lastUsedAt, current.id, current.issuedAt, current.expiresAt, toJson(rotatedOut)],
      );
      return rotation.session;
    });
  }

  /** @type {SessionRepository['end']} */
  async end({ userId, sessionId }) {
    const { rowCount } = await this.#database.query(
      'delete from hexado.sessions where user_id = $1 and id = $2 and expires_at > $3',
      [userId, sessionId, this.#clock()],
    );
    return rowCount === 1;
  }

  /** @type {SessionRepository['endOther']} */
  async endOther(by, sessionId) {
    return this.#database.transaction(async (transaction) => {
      const now = this.#clock();
      await lockSession(transaction, by, now);
      const { rowCount } = await transaction.query(
        'delete from hexado.sessions where user_id = $1 and id = $2 and expires_at > $3',
        [by.userId, sessionId, now],
      );
      return rowCount === 1;
    });
  }

  /** @type {SessionRepository['endAll']} */
  async endAll(by) {
    await this.#database.transaction(async (transaction) => {
      const now = this.#clock();
      await lockSession(transaction, by, now);
      await endSessions(transaction, by.userId, now);
    });
  }

  /** @type {SessionRepository['listOf']} */
  async listOf(userId) {
    const { rows } = await this.#database.query(
      `select * from hexado.sessions where user_id = $1 and expires_at > $2
       order by opened_at, opened_as`,
      [userId, this.#clock()],
    );
    return rows.map(toSession);
  }

  /** @type {SessionRepository['endAllOf']} */
  async endAllOf(userId) {
    return this.#database.transaction(async (transaction) => {
      await lockUser(transaction, userId);
      return endSessions(transaction, userId, this.#clock());
    });
  }
}

/** @param {Connection} transaction @param {Session} session */
async function insert(transaction, session) {
  const { current } = session;
  await transaction.query(
    `insert into hexado.sessions
       (user_id, id, opened_at, last_used_at, address, token_id, token_issued_at, expires_at, rotated_out)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      session.userId,
      session.id,
      session.openedAt,
      session.lastUsedAt,
      session.address,
      current.id,
      current.issuedAt,
      current.expiresAt,
      toJson(session.rotatedOut),
    ],
  );
}

/** @param {any} row @returns {Session} */
export function toSession(row) {
  return {
    id: row.id,
    userId: row.user_id,
    openedAt: row.opened_at,
    lastUsedAt: row.last_used_at,
    ...(row.address !== null && { address: row.address }),
    current: { id: row.token_id, issuedAt: row.token_issued_at, expiresAt: row.expires_at },
    ...(row.rotated_out !== null && { rotatedOut: row.rotated_out }),
  };
}

/** @param {unknown} value */
function toJson(value) {
  return value === undefined ? null : JSON.stringify(value);
}
