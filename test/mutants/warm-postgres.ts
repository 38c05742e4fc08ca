import type { CreateStorage } from '../../src/application/ports/storage.js';
import { query, warmUp } from '../support/postgres-storage.js';

// The last fault may have been one of the layout.
await query({ url: process.env['DATABASE_URL'] ?? '' }, 'drop schema if exists hexado cascade');

/** Makes of a `createStorage` that empties the database one that opens all connections as well. */
export function emptying(createStorage: CreateStorage): CreateStorage {
  return async (options) => {
    const storage = await createStorage(options);
    await warmUp(storage);
    return storage;
  };
}
