import { expect } from 'chai';
import { aSessionOf, createTask, openSession, refTo } from '../../src/storage-contract/builders.js';
import { SettableClock } from '../../src/storage-contract/settable-clock.js';
import { aRecord } from '../../src/storage-contract/staff-builders.js';
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
    expect(await query(postgres, 'select version from hexado.layout')).to.deep.equal([{ version: 2 }]);
  });

  it('is brought up to date by ten servers that start at once, and what there was is kept', async () => {
    const storage = stopAs(await createPostgresStorage(postgres.url));
    const user = (await storage.users.add({ username: 'ada', passwordHash: 'hash', createdAt: 0 }))!;
    const session = aSessionOf(user, new SettableClock());
    await openSession(storage, session, user);
    const task = await createTask(storage, refTo(user));
    await query(
      postgres,
      `drop table hexado.staff, hexado.audit, hexado.audit_counter;
       update hexado.layout set version = 1`,
    );

    const servers = await Promise.all(
      Array.from({ length: 10 }, () => startServerOnPostgres(postgres.url, stopped)),
    );
    await Promise.all(servers.map((server) => server.registerAndSignIn()));
    expect(await query(postgres, 'select version from hexado.layout')).to.deep.equal([{ version: 2 }]);
    expect(await storage.users.findByName('ada')).to.deep.equal(user);
    expect(await storage.sessions.find(refTo(user))).to.deep.equal(session);
    expect(await storage.tasks.find(refTo(user), task.id)).to.deep.equal(task);
    expect(await storage.staff.list()).to.deep.equal([]);
    expect(await storage.staff.add(user.id)).to.equal(true);
    await storage.staff.record(aRecord());
    expect(await storage.staff.records({ before: Infinity, limit: 10 })).to.deep.equal([
      { id: 1, ...aRecord() },
    ]);
  });

  it('is left alone if it is newer than the program', async () => {
    const storage = stopAs(await createPostgresStorage(postgres.url));
    await storage.users.add({ username: 'ada', passwordHash: 'hash', createdAt: 0 });
    await query(postgres, 'update hexado.layout set version = 1000');
    const older = stopAs(await createPostgresStorage(postgres.url));
    for (const call of [older.check(), older.users.find(1)]) {
      expect(await call.catch((error: unknown) => error)).to.include({
        name: 'UnknownLayout',
        reason: 'data of layout 1000, and this version knows 2',
      });
    }
    expect(await query(postgres, 'select version from hexado.layout')).to.deep.equal([{ version: 1000 }]);
    const environment = { STORAGE: './examples/postgres-storage/index.js', DATABASE_URL: postgres.url };
    const { code, stderr } = await run([], { environment: { ...environment, SIGNING_KEY: signingKey } });
    expect({ code, stderr }).to.deep.equal({
      code: 78,
      stderr:
        'hexado: The storage has data of layout 1000, and this version knows 2. Run the version that has changed it, or a newer one.\n',
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
