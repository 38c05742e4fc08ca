import { countAttempt, giveBackAttempt } from 'hexado/storage';

/**
 * @import { Clock, RateLimiter } from 'hexado/storage'
 * @import { Database } from './database.js'
 */

/** How many keys `listReached` reads at once. */
const partSize = 1000;

/** Attempts. A row that is expired no longer counts, and is swept later. */
export class PostgresRateLimiter {
  #database;
  #clock;

  /** @param {Database} database @param {Clock} clock */
  constructor(database, clock) {
    this.#database = database;
    this.#clock = clock;
  }

  /** @type {RateLimiter['consume']} */
  async consume(key, limit, subject) {
    return this.#database.transaction(async (transaction) => {
      const now = this.#clock();
      // A row that is not there cannot be locked. This makes one and locks it, or locks the one that is there.
      const { rows } = await transaction.query(
        `insert into hexado.attempts as known (key, count, at, expires_at) values ($1, 0, $2, $3)
         on conflict (key) do update set key = known.key
         returning *`,
        [key, now, now + limit.period],
      );
      const [before] = rows;
      const attempt = countAttempt(before, limit, now);
      if ('wait' in attempt) {
        await transaction.query('update hexado.attempts set subject = coalesce(subject, $2) where key = $1', [
          key,
          JSON.stringify(subject),
        ]);
        return attempt.wait;
      }
      const { count, at } = attempt.counted;
      // An attempt that is counted alone found no earlier one that counts.
      await transaction.query(
        'update hexado.attempts set count = $2, at = $3, expires_at = $4, subject = $5 where key = $1',
        [key, count, at, now + limit.period, count > 1 ? before.subject : null],
      );
      return 0;
    });
  }

  /** @type {RateLimiter['giveBack']} */
  async giveBack(key) {
    await this.#database.transaction(async (transaction) => {
      const { rows } = await transaction.query('select * from hexado.attempts where key = $1 for update', [
        key,
      ]);
      if (rows.length === 0) return;
      const { count } = giveBackAttempt(rows[0]);
      await transaction.query('update hexado.attempts set count = $2 where key = $1', [key, count]);
    });
  }

  /** @type {RateLimiter['clear']} */
  async clear(key) {
    await this.#database.query('delete from hexado.attempts where key = $1', [key]);
  }

  /** @type {RateLimiter['listReached']} */
  async listReached(next = '') {
    const { rows } = await this.#database.query(
      `select * from hexado.attempts where subject is not null and key > $1 and expires_at > $2
       order by key limit $3`,
      [next, this.#clock(), partSize],
    );
    const reached = rows.map(({ key, subject, count, at }) => ({
      key,
      subject: JSON.parse(subject),
      counted: { count, at },
    }));
    return { reached, ...(rows.length === partSize && { next: rows.at(-1).key }) };
  }

  /** @type {RateLimiter['trust']} */
  async trust(key, lifetime) {
    await this.#database.transaction(async (transaction) => {
      await transaction.query('delete from hexado.attempts where key = $1', [key]);
      await transaction.query(
        `insert into hexado.trusted values ($1, $2)
         on conflict (key) do update set expires_at = excluded.expires_at`,
        [key, this.#clock() + lifetime],
      );
    });
  }

  /** @type {RateLimiter['isTrusted']} */
  async isTrusted(key) {
    const { rowCount } = await this.#database.query(
      'select from hexado.trusted where key = $1 and expires_at > $2',
      [key, this.#clock()],
    );
    return rowCount === 1;
  }
}
