import { PostgresArchive } from './archive.js';
import { Database } from './database.js';
import { check, inspect } from './health.js';
import { PostgresRateLimiter } from './rate-limiter.js';
import { PostgresSessions } from './sessions.js';
import { PostgresStaff } from './staff.js';
import { sweep } from './sweep.js';
import { PostgresTasks } from './tasks.js';
import { PostgresUsers } from './users.js';

/** Milliseconds between two sweeps. */
const sweepInterval = 60_000;

/**
 * A storage in PostgreSQL. The settings are environment variables; see README.md. It resolves at once: the database is
 * connected to, and its layout brought up to date, by the first call.
 *
 * @type {import('hexado/storage').CreateStorage}
 */
export async function createStorage({ clock }) {
  const { DATABASE_URL: url, DATABASE_CONNECTIONS: connections = '10' } = process.env;
  if (!url) throw new Error('DATABASE_URL is missing');
  const database = new Database(url, Number(connections));

  // What is not swept now will be the next time.
  const sweeping = setInterval(() => void sweep(database, clock()).catch(() => undefined), sweepInterval);
  sweeping.unref();

  return {
    users: new PostgresUsers(database, clock),
    sessions: new PostgresSessions(database, clock),
    tasks: new PostgresTasks(database, clock),
    rateLimiter: new PostgresRateLimiter(database, clock),
    archive: new PostgresArchive(database, clock),
    staff: new PostgresStaff(database, clock),
    check: () => check(database),
    inspect: () => inspect(database, clock()),
    close() {
      clearInterval(sweeping);
      return database.close();
    },
  };
}
