import { storageContract } from '../../src/storage-contract/storage-contract.js';
import { PostgresServer } from '../support/postgres-server.js';
import { openPostgresStorage, warmUp } from '../support/postgres-storage.js';

describe('PostgreSQL storage', () => {
  let server: PostgresServer;
  before(async () => {
    server = await PostgresServer.start();
  });
  after(() => server.stop());

  storageContract((options) => openPostgresStorage(server, options), { warmUp });
});
