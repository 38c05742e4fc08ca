import { storageContract } from '../../src/storage-contract/storage-contract.js';
import { PostgresServer } from '../support/postgres-server.js';
import { openPostgresStorage, warmUp } from '../support/postgres-storage.js';

describe('PostgreSQL storage', () => {
  let server: PostgresServer;
  before(async () => {
    server = await PostgresServer.start();
    process.env['DATABASE_CONNECTIONS'] = '5'; // Each test opens them anew.
  });
  after(async () => {
    delete process.env['DATABASE_CONNECTIONS'];
    await server.stop();
  });

  storageContract((options) => openPostgresStorage(server, options), { warmUp });
});
