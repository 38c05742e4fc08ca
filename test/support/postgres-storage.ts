import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Clock } from '../../src/application/ports/environment.js';
import type { CreateStorage, Storage, StorageOptions } from '../../src/application/ports/storage.js';
import type { PostgresServer } from './postgres-server.js';
import { RecordedLog } from './recorded-log.js';

/** Where the storage is that the tests run on. */
export const postgresStorage = resolve('examples/postgres-storage');

/** A connection to the database, beside those of the storage. */
interface DatabaseClient {
  connect(): Promise<void>;
  query(text: string, values?: readonly unknown[]): Promise<{ readonly rows: Record<string, unknown>[] }>;
  end(): Promise<void>;
}

/** What the tests use of the driver, which is the example's own. */
interface Driver {
  readonly Client: new (settings: { readonly connectionString: string }) => DatabaseClient;
}

const { Client } = createRequire(join(postgresStorage, 'index.js'))('pg') as Driver;

/** Where a database is. */
type At = Pick<PostgresServer, 'url'>;

/** Opens a connection of the test's own. */
export async function connectTo({ url }: At): Promise<DatabaseClient> {
  const client = new Client({ connectionString: url });
  await client.connect();
  return client;
}

/** Runs statements on a connection of their own. */
export async function query(
  server: At,
  text: string,
  values?: readonly unknown[],
): Promise<Record<string, unknown>[]> {
  const client = await connectTo(server);
  try {
    return (await client.query(text, values)).rows;
  } finally {
    await client.end();
  }
}

/** Creates the storage on the database at this URL. */
export async function createPostgresStorage(
  url: string,
  options: StorageOptions = { clock: () => Date.now() / 1000, log: new RecordedLog() },
): Promise<Storage> {
  return create('index.js', url, options);
}

/** Creates the storage on the server's database, which is emptied first. */
export async function openPostgresStorage({ url }: At, options: StorageOptions): Promise<Storage> {
  return create('emptied.js', url, options);
}

async function create(file: string, url: string, options: StorageOptions): Promise<Storage> {
  process.env['DATABASE_URL'] = url;
  const { createStorage } = await load<{ readonly createStorage: CreateStorage }>(file);
  return createStorage(options);
}

/** Opens all connections of the pool: calls that should race would wait for them, one after the other. */
export async function warmUp({ users }: Storage): Promise<void> {
  await Promise.all(Array.from({ length: 10 }, () => users.find(1)));
}

/** Sweeps what has expired, which the storage does each minute. Resolves to the number of rows. */
export async function sweepPostgres(server: PostgresServer, clock: { readonly now: Clock }): Promise<number> {
  const { Database } = await load<{ readonly Database: DatabaseConstructor }>('database.js');
  const { sweep } = await load<{ readonly sweep: Sweep }>('sweep.js');
  const database = new Database(server.url, 1);
  try {
    return await sweep(database, clock.now());
  } finally {
    await database.close();
  }
}

type DatabaseConstructor = new (url: string, size: number) => { close(): Promise<void> };
type Sweep = (database: InstanceType<DatabaseConstructor>, now: number) => Promise<number>;

async function load<Module>(file: string): Promise<Module> {
  return import(pathToFileURL(join(postgresStorage, file)).href) as Promise<Module>;
}
