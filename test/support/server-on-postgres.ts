import { postgresStorage } from './postgres-storage.js';
import { signingKey } from './running-server.js';
import { ServerProcess } from './server-process.js';
import type { stopAfterEach } from './stop-after-each.js';

/** Starts the server as a process of its own, with its data in the PostgreSQL at this URL, until the test is over. */
export async function startServerOnPostgres(
  url: string,
  stopped: ReturnType<typeof stopAfterEach>,
): Promise<ServerProcess> {
  const server = await ServerProcess.start({
    STORAGE: `${postgresStorage}/index.js`,
    DATABASE_URL: url,
    SIGNING_KEY: signingKey,
    BCRYPT_COST: '4',
  });
  stopped({ stop: () => server.kill() });
  return server;
}
