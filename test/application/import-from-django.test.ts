import { expect } from 'chai';
import { createStorage } from '../../src/adapters/in-memory/create-storage.js';
import {
  ImportFromDjango,
  UnfitDump,
  type DjangoImportChoices,
  type DjangoImportSummary,
  type DumpProblem,
} from '../../src/application/import-from-django.js';
import type { PasswordHasher } from '../../src/application/ports/password-hasher.js';
import type { Storage } from '../../src/application/ports/storage.js';
import { aNewUser } from '../../src/storage-contract/builders.js';
import { SettableClock } from '../../src/storage-contract/settable-clock.js';
import { RecordedLog } from '../support/recorded-log.js';

const hasher: Pick<PasswordHasher, 'assess'> = {
  assess: (hash) =>
    hash.startsWith('costly') ? 'too_costly' : hash.startsWith('md5') ? 'unknown' : 'usable',
};

const aUser = (pk: number, username: string, fields: object = {}) => ({
  model: 'auth.user',
  pk,
  fields: {
    username,
    password: `pbkdf2_sha256$${username}`,
    is_active: true,
    date_joined: '2023-05-01T12:30:15Z',
    ...fields,
  },
});
const aTask = (pk: number, user: number | readonly string[] | null, title = `Task ${pk}`) => ({
  model: 'tasks.task',
  pk,
  fields: { title, description: 'Two litres', status: 'pending', user },
});

describe('importing a dump of Django', () => {
  let clock: SettableClock;
  let storage: Storage;
  beforeEach(async () => {
    clock = new SettableClock();
    storage = await createStorage({ clock: clock.now, log: new RecordedLog() });
  });

  function importAll(
    records: readonly unknown[],
    choices: DjangoImportChoices = {},
  ): Promise<DjangoImportSummary> {
    async function* read() {
      yield* records;
    }
    return new ImportFromDjango(
      storage.archive,
      hasher as PasswordHasher,
      storage.sessions,
      clock.now,
    ).execute(read, choices);
  }

  const tasksOf = async (userId: number) => {
    const { tasks, lastTaskId } = await storage.archive.tasksOf(userId, { after: 0, limit: 1000 });
    return { ids: tasks.map(({ id }) => id), lastTaskId };
  };

  const at = (seconds: number): string => new Date((clock.now() + seconds) * 1000).toISOString();

  /** The problems for which the import is refused. Nothing may have been written. */
  async function problemsOf(records: readonly unknown[], owner?: string): Promise<readonly DumpProblem[]> {
    const before = await storage.users.list({ after: 0, limit: 100 });
    const error: unknown = await importAll(records, { owner }).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(UnfitDump);
    expect(await storage.users.list({ after: 0, limit: 100 })).to.deep.equal(before);
    return (error as UnfitDump).problems;
  }

  it('keeps ids, dates, hashes, flags and tasks, whose ids go on above all of the dump', async () => {
    const records = [
      aTask(2, 5),
      aTask(3, 9),
      aTask(7, 5),
      aUser(5, 'ann'),
      aUser(9, 'bob', { is_active: false, password: '!x' }),
    ];
    expect(await importAll(records)).to.include({ users: 2, tasks: 3, present: 0 });
    expect(await storage.users.find(5)).to.deep.equal({
      id: 5,
      username: 'ann',
      passwordHash: 'pbkdf2_sha256$ann',
      active: true,
      createdAt: 1682944215,
    });
    expect(await storage.users.find(9)).to.include({ active: false, passwordHash: '!' });
    expect(await tasksOf(5)).to.deep.equal({ ids: [2, 7], lastTaskId: 7 });
    expect(await tasksOf(9)).to.deep.equal({ ids: [3], lastTaskId: 7 });
    expect(await storage.users.add(aNewUser({ username: 'new' }))).to.include({ id: 10 });
  });

  it('changes nothing when it is repeated, whatever has happened since', async () => {
    const records = [aUser(5, 'ann'), aTask(2, 5)];
    await importAll(records);
    await storage.users.setPasswordHash(5, 'new');
    const more = [...records, aUser(6, 'bob'), aTask(8, 6), aTask(9, 5)];
    expect(await importAll(more)).to.include({ users: 1, tasks: 1, present: 1 });
    expect(await storage.users.find(5)).to.include({ passwordHash: 'new' });
    expect((await tasksOf(5)).ids).to.deep.equal([2]);
    expect((await tasksOf(6)).ids).to.deep.equal([8]);
  });

  it('finds owners by their names', async () => {
    await importAll([aUser(5, 'ﬁona'), aTask(2, ['ﬁona']), aTask(3, null)], { owner: 'ﬁona' });
    expect((await tasksOf(5)).ids).to.deep.equal([2, 3]);
  });

  it('adds many tasks of many users', async () => {
    const users = Array.from({ length: 50 }, (_, i) => aUser(i + 1, `user${i}`));
    const tasks = Array.from({ length: 5000 }, (_, i) => aTask(i + 1, (i % 50) + 1, 'x'.repeat(200)));
    expect(await importAll([...users, ...tasks])).to.include({ users: 50, tasks: 5000 });
    const { ids } = await tasksOf(50);
    expect(ids).to.have.length(100);
    expect(ids.at(-1)).to.equal(5000);
  });

  it('lets no token be adopted that Django has blacklisted, and that has not expired', async () => {
    const jtis = ['a', 'b', 'c', 'd'].map((digit) => digit.repeat(32));
    const aToken = (pk: number, user: number | null, lifetime: number) => ({
      model: 'token_blacklist.outstandingtoken',
      pk,
      fields: { user, jti: jtis[pk - 1], token: 'x', created_at: at(-100), expires_at: at(lifetime) },
    });
    const blacklisted = [1, 3, 4].map((token) => ({
      model: 'token_blacklist.blacklistedtoken',
      pk: token,
      fields: { token, blacklisted_at: at(-1) },
    }));
    const tokens = [aToken(1, 5, 60), aToken(2, 5, 60), aToken(3, 5, -1), aToken(4, null, 60)];
    for (let time = 0; time < 2; time++) {
      const summary = await importAll([aUser(5, 'ann'), ...tokens, ...blacklisted]);
      expect(summary.blacklisted).to.equal(1);
      expect([...summary.leftOut]).to.deep.equal([]);
    }
    const adopt = (index: number) => {
      const [id = '', issuedAt] = [jtis[index], Math.floor(clock.now()) - 100];
      const current = { id, issuedAt, expiresAt: issuedAt + 160 };
      return storage.sessions.adopt({ id, userId: 5, openedAt: issuedAt, lastUsedAt: issuedAt, current });
    };
    expect([await adopt(0), await adopt(1)]).to.deep.equal([false, true]);
  });

  it('names staff, superusers, unknown hashes and what is left out', async () => {
    const { staff, superusers, privileged, unverifiable, leftOut } = await importAll([
      aUser(1, 'ann', { is_staff: true }),
      aUser(2, 'bob', { is_superuser: true, password: 'md5$salt$hash' }),
      aUser(3, 'cleo', { password: 'md5' }),
      { model: 'auth.group', pk: 1, fields: {} },
      { model: 'auth.group', pk: 2, fields: {} },
    ]);
    expect({ staff, superusers, privileged }).to.deep.equal({
      staff: ['ann'],
      superusers: ['bob'],
      privileged: undefined,
    });
    expect(await storage.staff.list()).to.deep.equal([]);
    expect([...unverifiable]).to.deep.equal([
      ['md5', ['bob']],
      ['unknown', ['cleo']],
    ]);
    expect([...leftOut]).to.deep.equal([['auth.group', 2]]);
  });

  it('makes active staff and superusers staff if it is told to, and leaves users as they are who are there', async () => {
    const ann = aUser(1, 'ann', { is_staff: true });
    await importAll([ann]);
    const records = [
      ann,
      aUser(2, 'bob', { is_superuser: true }),
      aUser(3, 'cleo', { is_staff: true, is_superuser: true }),
      aUser(4, 'dora', { is_staff: true, is_active: false }),
      aUser(5, 'emma'),
    ];
    const { privileged } = await importAll(records, { takesStaff: true });
    expect(privileged).to.deep.equal({ promoted: ['bob', 'cleo'], inactive: ['dora'], present: ['ann'] });
    expect(await storage.staff.list()).to.deep.equal([2, 3]);
    await storage.staff.remove(3);
    const again = await importAll(records, { takesStaff: true });
    expect(again.privileged?.present).to.deep.equal(['ann', 'bob', 'cleo', 'dora']);
    expect(await storage.staff.list()).to.deep.equal([2]);
  });

  it('refuses names that are the same after NFKC, ids that come twice, and everything else at once', async () => {
    const problems = await problemsOf([
      aUser(1, 'ﬁona'),
      aUser(2, 'fiona'),
      aUser(1, 'ann'),
      aUser(3, 'a b', { password: null }),
      aUser(4, 'dora', { password: 'costly' }),
      aTask(5, 1),
      aTask(4, 1),
      aTask(6, 77),
      aTask(7, 77),
      aTask(8, ['nobody']),
      aTask(9, null),
      'nonsense',
    ]);
    expect(problems).to.deep.equal([
      { code: 'same_user', record: 'auth.user 2', other: 1 },
      { code: 'same_user', record: 'auth.user 1', other: 1 },
      { code: 'bad_record', record: 'auth.user 3', fields: ['username', 'password'] },
      { code: 'costly_hash', record: 'auth.user 4' },
      { code: 'out_of_order', record: 'tasks.task 4' },
      { code: 'bad_record', record: 'record 12', fields: [] },
      { code: 'unknown_owner', record: 'tasks.task 6' },
      { code: 'unknown_owner', record: 'tasks.task 8' },
      { code: 'no_owner', tasks: 1 },
    ]);
  });

  it('refuses to give tasks to somebody who is not in the dump', async () => {
    expect(await problemsOf([aUser(1, 'ann'), aTask(1, null)], 'bob')).to.deep.equal([
      { code: 'no_such_user', username: 'bob' },
    ]);
  });

  it('refuses a dump if another account has an id or a name of it', async () => {
    await storage.users.add(aNewUser({ username: 'zoe' }));
    await storage.users.add(aNewUser({ username: 'ann' }));
    expect(await problemsOf([aUser(1, 'first'), aUser(2, 'ann'), aUser(3, 'zoe')])).to.deep.equal([
      { code: 'taken', record: 'auth.user 1' },
      { code: 'taken', record: 'auth.user 3' },
    ]);
  });

  it('keeps the first hundred problems, and counts all', async () => {
    const error: unknown = await importAll(Array<string>(1000).fill('nonsense')).catch(
      (reason: unknown) => reason,
    );
    expect(error).to.have.property('count', 1000);
    expect(error).to.have.property('problems').with.length(100);
  });
});
