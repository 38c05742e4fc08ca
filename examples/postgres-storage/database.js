import { Client, DatabaseError, Pool, types } from 'pg';
import { StorageUnavailable } from 'hexado/storage';
import { isCurrent, migrate } from './layout.js';

/**
 * Milliseconds. Hexado waits one second for a call. The database gives up a statement before this process gives up the
 * call: if it has not even done that, it is out of reach. Then calls wait less long for a connection, for a request may
 * make several.
 */
const limits = {
  connection: { inReach: 800, outOfReach: 400 },
  statement: 700,
  call: 900,
  idleInTransaction: 1000,
  migration: 60_000,
};

/**
 * `pg` returns numbers of eight bytes as texts, and so sums of them. Ours are below 2^53.
 *
 * @type {readonly number[]}
 */
const numberTypes = [types.builtins.INT8, types.builtins.NUMERIC];

/**
 * A pool of connections to the database. It connects when it is first used, and brings the layout up to date then.
 * Everything that fails because of the database rejects with StorageUnavailable, within a second.
 */
export class Database {
  /** @type {Pool} */
  #pool;
  /** @type {Promise<void> | undefined} */
  #prepared;
  #isPrepared = false;
  #isClosed = false;

  /** @param {string} url @param {number} size The most connections that it opens. */
  constructor(url, size) {
    this.url = url;
    this.size = size;
    this.#pool = this.#newPool();
  }

  /**
   * Runs one statement. It is a transaction of its own.
   *
   * @param {string} text @param {readonly unknown[]} [values]
   */
  async query(text, values) {
    await this.#prepare();
    return this.#run((connection) => connection.query(text, values));
  }

  /**
   * Runs `work` in a transaction, which is committed when `work` resolves and rolled back when it rejects. Each of its
   * statements sees what was committed before the statement began.
   *
   * @template T
   * @param {(transaction: Connection) => Promise<T>} work
   * @returns {Promise<T>}
   */
  async transaction(work) {
    await this.#prepare();
    return this.#run(async (connection) => {
      await connection.query('begin isolation level read committed');
      try {
        const result = await work(connection);
        await connection.query('commit');
        return result;
      } catch (error) {
        await connection.query('rollback').catch(() => undefined); // A broken connection is rolled back by its end.
        throw error;
      }
    });
  }

  /** Resolves when all calls have ended and all connections are closed. */
  async close() {
    this.#isClosed = true;
    await this.#pool.end();
  }

  /** Many calls may come before the first is done: one of them looks, and all wait for it. */
  async #prepare() {
    if (this.#isPrepared) return;
    this.#prepared ??= this.#checkLayout().finally(() => (this.#prepared = undefined));
    await within(limits.call, this.#prepared);
  }

  async #checkLayout() {
    const isThere = await this.#run((connection) => isCurrent(connection));
    if (!isThere) await this.#migrate();
    this.#isPrepared = true;
  }

  /** On a connection without the limits of calls, for it may wait for another process that does the same. */
  async #migrate() {
    const client = new Client({
      connectionString: this.url,
      connectionTimeoutMillis: limits.connection.outOfReach,
      query_timeout: limits.migration,
      keepAlive: true,
    });
    client.on('error', () => undefined); // The statement that is lost rejects.
    try {
      await client.connect();
      await migrate(client);
    } catch (error) {
      throw unavailable(error);
    } finally {
      void client.end();
    }
  }

  /**
   * @template T
   * @param {(connection: Connection) => Promise<T>} work
   * @returns {Promise<T>}
   */
  async #run(work) {
    const startedAt = performance.now();
    const pool = this.#pool;
    const client = await pool.connect().catch((error) => {
      pool.options.connectionTimeoutMillis = limits.connection.outOfReach;
      throw unavailable(error);
    });
    const connection = new Connection(client);
    let isLate = false;
    const timer = setTimeout(
      () => {
        isLate = true;
        if (connection.silence > limits.statement) this.#renew(pool);
        void client.end(); // Its statement rejects, and the server rolls back.
      },
      startedAt + limits.call - performance.now(),
    );
    try {
      const result = await work(connection);
      pool.options.connectionTimeoutMillis = limits.connection.inReach;
      return result;
    } catch (error) {
      throw isLate ? new StorageUnavailable('timeout') : unavailable(error);
    } finally {
      clearTimeout(timer);
      client.release();
    }
  }

  /**
   * Opens new connections from now on. Where one connection has gone silent, so have those that wait in the pool: each
   * would cost a call until it is known.
   *
   * @param {Pool} old
   */
  #renew(old) {
    if (this.#isClosed || this.#pool !== old) return;
    this.#pool = this.#newPool(limits.connection.outOfReach);
    void old.end();
  }

  #newPool(connectionTimeoutMillis = limits.connection.inReach) {
    const pool = new Pool({
      connectionString: this.url,
      max: this.size,
      connectionTimeoutMillis,
      statement_timeout: limits.statement,
      idle_in_transaction_session_timeout: limits.idleInTransaction,
      application_name: 'hexado',
      keepAlive: true,
      allowExitOnIdle: true,
      types: {
        getTypeParser: (type, format) =>
          numberTypes.includes(type) ? Number : types.getTypeParser(type, format),
      },
    });
    // Without listeners, a connection that is lost while it waits, in the pool or between two statements, would end the
    // process. Calls notice by themselves.
    pool.on('error', () => undefined);
    pool.on('connect', (client) => client.on('error', () => undefined));
    return pool;
  }
}

/** A connection, during a call. */
export class Connection {
  #client;
  /** When the statement that is under way was sent. */
  #sentAt = Infinity;

  /** @param {import('pg').PoolClient} client */
  constructor(client) {
    this.#client = client;
  }

  /** For how many milliseconds the database has not answered. */
  get silence() {
    return performance.now() - this.#sentAt;
  }

  /** @param {string} text @param {readonly unknown[]} [values] */
  async query(text, values = []) {
    this.#sentAt = performance.now();
    const { rows, rowCount } = await this.#client.query(text, [...values]);
    this.#sentAt = Infinity;
    return { rows, rowCount: rowCount ?? 0 };
  }
}

/**
 * What the failure means to Hexado. Of an error of the driver only the code is passed on: its texts hold values.
 *
 * @param {unknown} error
 */
function unavailable(error) {
  const code = codeOf(error);
  const isOfDriver = error instanceof DatabaseError || /^E[A-Z]+$/.test(code ?? '');
  if (isOfDriver && code !== undefined) return new StorageUnavailable(code);
  // The driver has no code for these.
  if (error instanceof Error && /timeout/i.test(error.message)) return new StorageUnavailable('timeout');
  if (error instanceof Error && /^(Connection|Client)\b/.test(error.message)) {
    return new StorageUnavailable('connection lost');
  }
  return error;
}

/** @param {unknown} error @returns {string | undefined} */
function codeOf(error) {
  const { code } = /** @type {{ code?: unknown }} */ (error ?? {});
  return typeof code === 'string' ? code : undefined;
}

/**
 * Settles as the promise does, or rejects with StorageUnavailable after this many milliseconds.
 *
 * @template T
 * @param {number} milliseconds @param {Promise<T>} promise
 * @returns {Promise<T>}
 */
async function within(milliseconds, promise) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  /** @type {Promise<never>} */
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new StorageUnavailable('timeout')), milliseconds);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
