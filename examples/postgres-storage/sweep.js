/** Where rows expire. */
const tables = ['sessions', 'adopted', 'idempotency_keys', 'attempts', 'trusted', 'imports'];

/** How many rows are deleted in one step. */
const stepSize = 1000;

/** Seconds. The clocks of servers differ: what is expired by one of them may still count by another. */
const clockSkew = 60;

/**
 * Deletes what has expired, in steps that keep nobody waiting: a row that somebody has locked is left for the next time.
 * Resolves to the number of rows.
 *
 * @param {import('./database.js').Database} database @param {number} now
 */
export async function sweep(database, now) {
  let swept = 0;
  for (const table of tables) {
    for (let step = stepSize; step === stepSize; swept += step) {
      const { rowCount } = await database.query(
        `delete from hexado.${table} where ctid = any(array(
           select ctid from hexado.${table} where expires_at < $1 limit $2 for update skip locked))`,
        [now - clockSkew, stepSize],
      );
      step = rowCount;
    }
  }
  return swept;
}
