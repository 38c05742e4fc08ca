import { respondsAsRecorded } from '../adapters/http/recorded-cases.js';
import { PostgresServer } from '../support/postgres-server.js';
import { postgresStorage } from '../support/postgres-storage.js';
import { RunningServer } from '../support/running-server.js';

describe('the recorded cases of the wire contract, with the storage in PostgreSQL', () => {
  let server: PostgresServer;
  before(async () => {
    server = await PostgresServer.start();
    process.env['DATABASE_URL'] = server.url;
  });
  after(() => server.stop());

  respondsAsRecorded(() => RunningServer.start({ STORAGE: `${postgresStorage}/index.js` }));
});
