import { inspect } from 'node:util';
import { expect } from 'chai';
import type { Storage } from '../../src/application/ports/storage.js';
import {
  addUser,
  aGenerationAt,
  aNewUser,
  aSessionOf,
  createTask,
  openSession,
  refTo,
  signIn,
} from '../../src/storage-contract/builders.js';
import { concurrently } from '../../src/storage-contract/concurrency.js';
import { SettableClock } from '../../src/storage-contract/settable-clock.js';
import {
  addAdministrator,
  anActOn,
  aRecord,
  type Administrator,
} from '../../src/storage-contract/staff-builders.js';
import { everyCall } from '../support/every-call.js';
import { PostgresServer } from '../support/postgres-server.js';
import {
  connectTo,
  createPostgresStorage,
  openPostgresStorage,
  query,
  sweepPostgres,
} from '../support/postgres-storage.js';
import { RecordedLog } from '../support/recorded-log.js';

describe('the storage in PostgreSQL', () => {
  let postgres: PostgresServer;
  let storage: Storage;
  let clock: SettableClock;
  before(async () => {
    postgres = await PostgresServer.start();
  });
  after(() => postgres.stop());
  beforeEach(async () => {
    clock = new SettableClock();
    storage = await openPostgresStorage(postgres, { clock: clock.now, log: new RecordedLog() });
  });
  afterEach(() => storage.close());

  it('gives up a call for which somebody keeps a row, within its second, and says why', async () => {
    const { user, ref } = await signIn(storage, clock);
    const other = await connectTo(postgres);
    await other.query('begin');
    await other.query('select * from hexado.users where id = $1 for update', [user.id]);
    const startedAt = performance.now();
    const failure = await createTask(storage, ref).catch((error: unknown) => error);
    expect(performance.now() - startedAt).to.be.below(1000);
    expect(failure).to.include({ code: 'storage_unavailable', reason: '57014' });
    await other.query('rollback');
    await other.end();
    expect((await createTask(storage, ref)).id).to.equal(1);
  });

  it('rejects with the code of PostgreSQL and no value, whatever it says', async () => {
    const { user, session } = await signIn(storage, clock, { id: 'secret' });
    const failure: unknown = await openSession(storage, session, user).catch((error: unknown) => error);
    expect(failure).to.include({ code: 'storage_unavailable', reason: '23505' });
    expect(inspect(failure)).not.to.include('secret');

    await query(postgres, 'alter schema hexado rename to hidden');
    try {
      for (const [method, call] of Object.entries(everyCall(storage, clock))) {
        const error: unknown = await call().catch((rejection: unknown) => rejection);
        expect(error, method).to.include({ code: 'storage_unavailable', reason: '42P01' });
        expect(inspect(error), method).not.to.include('secret');
      }
    } finally {
      await query(postgres, 'alter schema hidden rename to hexado');
    }
  });

  it('lets sessions that end one another, and everything else that ends them, come to an end', async () => {
    for (let round = 0; round < 20; round++) {
      const user = await addUser(storage, { username: `user${round}` });
      const ids = Array.from({ length: 6 }, (_, index) => `session ${index}`);
      for (const id of ids) await openSession(storage, aSessionOf(user, clock, { id }), user);
      const { sessions, users } = storage;
      const outcomes = await Promise.allSettled([
        ...ids.map((id, index) => sessions.endOther(refTo(user, id), ids.at(index - 1) ?? '')),
        ...ids.map((id, index) => sessions.endOther(refTo(user, ids.at(-index) ?? ''), id)),
        ...ids.map((id) => sessions.touch(refTo(user, id), clock.now() + 1)),
        ...ids.map((id) => sessions.end(refTo(user, id))),
        sessions.endAllOf(user.id),
        sessions.endAll(refTo(user, 'session 3')),
        users.setPasswordHash(user.id, 'another'),
        users.deactivate(user.id),
      ]);
      const failures = outcomes.flatMap((each) =>
        each.status === 'rejected' ? [(each.reason as { code: string }).code] : [],
      );
      expect(failures.filter((code) => code !== 'token_revoked')).to.deep.equal([]);
      expect(await sessions.listOf(user.id)).to.deep.equal([]);
    }
  });

  it('lets staff who act on one another, lose the right and are removed, all at once, come to an end', async () => {
    for (let round = 0; round < 10; round++) {
      const all: Administrator[] = [];
      for (const name of ['ada', 'bob', 'eve', 'leo']) {
        all.push(await addAdministrator(storage, clock, `${name}${round}`));
      }
      const { staff, users } = storage;
      const outcomes = await Promise.allSettled(
        all.flatMap(({ user, ref }, index) => {
          const other = all.at(index - 1)!.user;
          return [
            staff.act(ref, anActOn(other, 'deactivate')),
            staff.act(ref, anActOn(user, 'end_sessions')),
            staff.act(ref, anActOn(all.at(index - 2)!.user, 'delete')),
            staff.add(user.id),
            staff.remove(other.id),
            users.deactivate(other.id),
            users.removeOwn(ref),
            users.remove(user.id),
            staff.record(aRecord()),
          ];
        }),
      );
      const failures = outcomes.flatMap((each) =>
        each.status === 'rejected' ? [(each.reason as { code: string }).code] : [],
      );
      const refusals = ['token_revoked', 'not_staff', 'last_administrator'];
      expect(failures.filter((code) => !refusals.includes(code))).to.deep.equal([]);
      expect(await staff.list()).to.have.length(1);
    }
  });

  it('sweeps what has expired for a minute, and nothing else', async () => {
    const { user, ref } = await signIn(storage, clock, { current: aGenerationAt(clock, 'long', 90_000) });
    const brief = aGenerationAt(clock, 'brief', 60);
    await concurrently(30, (index) =>
      openSession(storage, aSessionOf(user, clock, { id: `${index}`, current: brief }), user),
    );
    const limit = { attempts: 2, period: 60 };
    await storage.rateLimiter.consume('brief', limit, { limit: 'refresh' });
    await storage.rateLimiter.trust('briefly', 60);
    await storage.rateLimiter.trust('long', 90_000);
    await createTask(storage, ref, undefined, { idempotency: { key: 'key', fingerprint: 'f' } });
    await storage.archive.begin({ id: 99, active: true, ...aNewUser({ username: 'bob' }) });

    clock.advance(119);
    expect(await sweepPostgres(postgres, clock)).to.equal(0);
    clock.advance(2);
    expect(await sweepPostgres(postgres, clock)).to.equal(32);
    clock.advance(86_400);
    expect(await sweepPostgres(postgres, clock)).to.equal(2);
    expect(await storage.sessions.listOf(user.id)).to.have.length(1);
    expect(await storage.rateLimiter.isTrusted('long')).to.equal(true);
  });

  it('leaves rows that somebody has locked for the next sweep, and waits for nobody', async () => {
    const { user } = await signIn(storage, clock, { current: aGenerationAt(clock, 'brief', 60) });
    await openSession(
      storage,
      aSessionOf(user, clock, { id: 'other', current: aGenerationAt(clock, 'brief', 60) }),
      user,
    );
    clock.advance(200);
    const other = await connectTo(postgres);
    await other.query('begin');
    await other.query(`select * from hexado.sessions where id = 'other' for update`);
    expect(await sweepPostgres(postgres, clock)).to.equal(1);
    await other.query('rollback');
    await other.end();
    expect(await sweepPostgres(postgres, clock)).to.equal(1);
  });

  it('warns of a PostgreSQL that may lose what it has acknowledged', async () => {
    expect(await storage.check()).to.deep.equal({
      reasons: [],
      warnings: [
        'PostgreSQL may lose writes in a crash: turn fsync, full_page_writes and synchronous_commit on.',
      ],
    });
  });

  it('says that it cannot serve where it may not write', async () => {
    await query(postgres, 'alter database hexado_test set default_transaction_read_only = on');
    const readOnly = await createPostgresStorage(postgres.url);
    expect((await readOnly.check()).reasons).to.deep.equal([
      'PostgreSQL accepts no writes: DATABASE_URL leads to a standby.',
    ]);
    await readOnly.close();
    await query(
      postgres,
      'begin read write; alter database hexado_test reset default_transaction_read_only; commit',
    );
  });
});
