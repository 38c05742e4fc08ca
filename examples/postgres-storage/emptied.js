import { Database } from './database.js';
import { createStorage as createFilledStorage } from './index.js';

/** In this order: what belongs to a user is deleted with them. */
const statements = [
  'delete from hexado.users',
  'delete from hexado.imports',
  'delete from hexado.attempts',
  'delete from hexado.trusted',
  'update hexado.counter set last_user_id = 0',
  'delete from hexado.audit',
  'update hexado.audit_counter set last_record_id = 0',
];

/**
 * For tests: deletes everything, and creates the storage. Rejects unless the name of the database says that it is for
 * tests.
 *
 * @type {import('hexado/storage').CreateStorage}
 */
export async function createStorage(options) {
  const { DATABASE_URL: url = '' } = process.env;
  if (!/test/.test(url.slice(url.lastIndexOf('/')))) {
    throw new Error('everything in the database would be deleted: its name must contain "test"');
  }
  const database = new Database(url, 1);
  try {
    for (const statement of statements) await database.query(statement);
  } finally {
    await database.close();
  }
  return createFilledStorage(options);
}
