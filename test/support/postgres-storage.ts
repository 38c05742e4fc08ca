import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { CreateStorage, Storage, StorageOptions } from '../../src/application/ports/storage.js';
import type { PostgresServer } from './postgres-server.js';

/** Where the storage is that the tests run on. */
export const postgresStorage = resolve('examples/postgres-storage');

/** What the tests use of the driver, which is the example's own. */
interface Driver {
  readonly Client: new (settings: { readonly connectionString: string }) => DatabaseClient;
}

/** A connection to the database, beside those of the storage. */
export interface DatabaseClient {
  connect(): Promise<void>;
  query(text: string, values?: readonly unknown[]): Promise<{ readonly rows: Record<string, unknown>[] }>;
  end(): Promise<void>;
}

const { Client } = createRequire(`${postgresStorage}/`)('pg') as Driver;

/** Runs statements on a connection of its own. */
export async function query(server: PostgresServer, text: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: server.url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

/** Creates the storage on the server's database, which is emptied first. */
export async function openPostgresStorage(
  server: PostgresServer,
  options: StorageOptions,
  directory = postgresStorage,
): Promise<Storage> {
  const { href } = pathToFileURL(resolve(directory, 'index.js'));
  const { createStorage } = (await import(href)) as { readonly createStorage: CreateStorage };
  process.env['DATABASE_URL'] = server.url;
  const storage = await createStorage(options);
  await storage.check();
  await query(server, empty);
  return storage;
}

/** Rows are deleted: with few rows, that is quicker than TRUNCATE. */
const empty = `
  delete from hexado.users; delete from hexado.imports; delete from hexado.attempts; delete from hexado.trusted;
  update hexado.counter set last_user_id = 0`;

/** Opens all connections of the pool: calls that should race would wait for them, one after the other. */
export async function warmUp({ users }: Storage): Promise<void> {
  await Promise.all(Array.from({ length: 10 }, () => users.find(1)));
}
