import { pathToFileURL } from 'node:url';
import { PostgresServer, urlAt } from '../support/postgres-server.js';
import { postgresStorage as directory } from '../support/postgres-storage.js';
import { postgresFaults } from './postgres-faults.js';
import type { FaultyStorage, Surroundings } from './try-fault.js';

/** The storage in examples/postgres-storage and the faults that are planted in it. */
export const postgresStorage: FaultyStorage = {
  name: 'in PostgreSQL',
  directory: pathToFileURL(`${directory}/`),
  copies: pathToFileURL(`${directory}/node_modules/`),
  main: 'emptied.js',
  faults: postgresFaults,
  start,
};

/** Starts a PostgreSQL with a database for each lane. */
async function start(lanes: number): Promise<Surroundings> {
  const server = await PostgresServer.start();
  for (let lane = 0; lane < lanes; lane++) server.createDatabase(`test${lane}`);
  return {
    emptying: new URL('warm-postgres.js', import.meta.url),
    environment: (lane) => ({
      DATABASE_URL: urlAt(server.port, `test${lane}`),
      DATABASE_CONNECTIONS: '3', // Each test opens them anew.
    }),
    stop: () => server.stop(),
  };
}
