import { expect } from 'chai';
import { PostgresServer } from '../support/postgres-server.js';
import { createPostgresStorage, query } from '../support/postgres-storage.js';
import { signingKey } from '../support/running-server.js';
import { startServerOnPostgres } from '../support/server-on-postgres.js';
import { run } from '../support/server-process.js';
import { stopAfterEach } from '../support/stop-after-each.js';

describe('the layout in PostgreSQL', () => {
  const stopped = stopAfterEach();
  let postgres: PostgresServer;
  beforeEach(async () => {
    postgres = stopped(await PostgresServer.start());
  });

  it('is made once by ten servers that start at once', async () => {
    const servers = await Promise.all(
      Array.from({ length: 10 }, () => startServerOnPostgres(postgres.url, stopped)),
    );
    const users = await Promise.all(servers.map((server) => server.registerAndSignIn()));
    for (const { access } of users) {
      const statuses = await Promise.all(
        servers.map(async (server) => (await server.call('GET', '/tasks/', undefined, access)).status),
      );
      expect(new Set(statuses)).to.deep.equal(new Set([200]));
    }
    expect(await query(postgres, 'select version from hexado.layout')).to.deep.equal([{ version: 1 }]);
  });

  it('is left alone if it is newer than the program', async () => {
    const storage = stopAs(await createPostgresStorage(postgres.url));
    await storage.users.add({ username: 'ada', passwordHash: 'hash', createdAt: 0 });
    await query(postgres, 'update hexado.layout set version = 1000');
    const older = stopAs(await createPostgresStorage(postgres.url));
    for (const call of [older.check(), older.users.find(1)]) {
      expect(await call.catch((error: unknown) => error)).to.include({
        name: 'UnknownLayout',
        reason: 'data of layout 1000, and this version knows 1',
      });
    }
    expect(await query(postgres, 'select version from hexado.layout')).to.deep.equal([{ version: 1000 }]);
    const environment = { STORAGE: './examples/postgres-storage/index.js', DATABASE_URL: postgres.url };
    const { code, stderr } = await run([], { environment: { ...environment, SIGNING_KEY: signingKey } });
    expect({ code, stderr }).to.deep.equal({
      code: 78,
      stderr:
        'hexado: The storage has data of layout 1000, and this version knows 1. Run the version that has changed it, or a newer one.\n',
    });
  });

  it('is not made in part: what fails on the way is undone', async () => {
    await query(postgres, 'create schema hexado; create table hexado.trusted (another text)');
    const storage = stopAs(await createPostgresStorage(postgres.url));
    expect(await storage.check().catch((error: unknown) => error)).to.include({ reason: '42P07' });
    const tables =
      "select relname from pg_class where relnamespace = 'hexado'::regnamespace and relkind = 'r'";
    expect(await query(postgres, tables)).to.deep.equal([{ relname: 'trusted' }]);
    await query(postgres, 'drop table hexado.trusted');
    await storage.check();
  });

  it('needs no right to make tables once it is there', async () => {
    await stopAs(await createPostgresStorage(postgres.url)).check();
    await query(
      postgres,
      `create role hexado login; grant usage on schema hexado to hexado;
       grant select, insert, update, delete on all tables in schema hexado to hexado`,
    );
    const storage = stopAs(await createPostgresStorage(postgres.url.replace('postgres@', 'hexado@')));
    await storage.check();
    expect(await storage.users.add({ username: 'ada', passwordHash: 'hash', createdAt: 0 })).to.include({
      id: 1,
    });
  });

  function stopAs<T extends { close(): Promise<void> }>(storage: T): T {
    stopped({ stop: () => storage.close() });
    return storage;
  }
});
