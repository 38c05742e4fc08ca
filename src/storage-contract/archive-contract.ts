import assert from 'node:assert/strict';
import type { Storage } from '../application/ports/storage.js';
import type { Task } from '../domain/task.js';
import type { User } from '../domain/user.js';
import type { SettableClock } from './settable-clock.js';
import { assertSameMembers } from './assertions.js';
import {
  addUser,
  aDraft,
  aNewUser,
  aSessionOf,
  createTask,
  openSession,
  refTo,
  signIn,
  unlimited,
} from './builders.js';
import { inPortions, race } from './concurrency.js';
import type { Suite } from './suite.js';

const everything = { after: 0, limit: 1000 };

const bob: User = { id: 7, active: true, ...aNewUser({ username: 'bob', createdAt: 1_700_000_000.125 }) };
const tasksOfBob: readonly Task[] = [
  { id: 2, ...aDraft({ title: 'Milk – 名前' }) },
  { id: 3, ...aDraft({ status: 'completed' }) },
  { id: 11, ...aDraft() },
];

async function importUser(
  { archive }: Storage,
  user: User,
  tasks: readonly Task[] = [],
  lastTaskId = tasks.at(-1)?.id ?? 0,
): Promise<boolean> {
  assert.equal(await archive.begin(user), 'begun');
  if (tasks.length > 0) await archive.addTasks(user.id, tasks);
  return archive.finish(user, lastTaskId);
}

async function tasksAfterSignIn(
  storage: Storage,
  clock: SettableClock,
  user: User,
): Promise<readonly Task[]> {
  await openSession(storage, aSessionOf(user, clock), user);
  return (await storage.tasks.list(refTo(user), everything)).tasks;
}

/** What every Archive promises. */
export function archiveContract({ describe, it, open }: Suite): void {
  describe('reading', () => {
    it('returns the last user id, that of a deleted user too', async () => {
      const { storage } = await open();
      assert.equal(await storage.archive.lastUserId(), 0);
      await addUser(storage);
      const { id } = await addUser(storage, { username: 'bob' });
      await storage.users.remove(id);
      assert.equal(await storage.archive.lastUserId(), 2);
    });

    it('returns tasks page by page and the last task id, without a session', async () => {
      const { storage, clock } = await open();
      const { user, ref } = await signIn(storage, clock);
      const tasks: Task[] = [];
      for (let i = 0; i < 10; i++) tasks.push(await createTask(storage, ref, aDraft({ title: `Task ${i}` })));
      await storage.tasks.remove(ref, 10);
      await storage.sessions.end(ref);
      const first = await storage.archive.tasksOf(user.id, { after: 0, limit: 6 });
      assert.deepEqual(first, { tasks: tasks.slice(0, 6), hasMore: true, lastTaskId: 10 });
      const second = await storage.archive.tasksOf(user.id, { after: 6, limit: 6 });
      assert.deepEqual(second, { tasks: tasks.slice(6, 9), hasMore: false, lastTaskId: 10 });
      assert.deepEqual(await storage.archive.tasksOf(99, everything), {
        tasks: [],
        hasMore: false,
        lastTaskId: 0,
      });
    });

    it('returns more than a hundred tasks at once, and begins after an id, not after a number of tasks', async () => {
      const { storage, clock } = await open();
      const { user, ref } = await signIn(storage, clock);
      const tasks = await inPortions(250, () => createTask(storage, ref));
      await inPortions(100, (index) => storage.tasks.remove(ref, index + 1));
      const left = tasks.toSorted((one, other) => one.id - other.id).slice(100);
      const read = (after: number) => storage.archive.tasksOf(user.id, { after, limit: 1000 });
      assert.deepEqual(await read(0), { tasks: left, hasMore: false, lastTaskId: 250 });
      assert.deepEqual((await read(120)).tasks, left.slice(20));
      assert.deepEqual((await read(250)).tasks, []);
    });

    it('ends a page of long tasks early', async () => {
      const { storage, clock } = await open();
      const { user, ref } = await signIn(storage, clock);
      const description = 'x'.repeat(500_000);
      for (let i = 0; i < 6; i++)
        await createTask(storage, ref, aDraft({ description }), { limits: unlimited });
      const read: number[] = [];
      for (let more = true; more;) {
        const page = await storage.archive.tasksOf(user.id, { after: read.at(-1) ?? 0, limit: 100 });
        assert.ok(page.tasks.length >= 1 && page.tasks.length <= 3);
        read.push(...page.tasks.map(({ id }) => id));
        more = page.hasMore;
      }
      assert.deepEqual(read, [1, 2, 3, 4, 5, 6]);
    });
  });

  describe('importing', () => {
    it('restores a user with id, hash, date and tasks', async () => {
      const { storage, clock } = await open();
      assert.equal(await importUser(storage, bob, tasksOfBob), true);
      assert.deepEqual(await storage.users.find(bob.id), bob);
      assert.deepEqual(await storage.users.findByName('bob'), bob);
      assert.deepEqual(await tasksAfterSignIn(storage, clock, bob), tasksOfBob);
    });

    it('restores an inactive user, who cannot sign in', async () => {
      const { storage, clock } = await open();
      const inactive = { ...bob, active: false };
      await importUser(storage, inactive);
      assert.deepEqual(await storage.users.findByName('bob'), inactive);
      assert.equal(await storage.sessions.open(aSessionOf(bob, clock), bob.passwordHash, 1), undefined);
    });

    it('continues the counters of user ids and task ids', async () => {
      const { storage, clock } = await open();
      await storage.archive.reserveUserIds(40);
      await importUser(storage, bob, tasksOfBob, 30);
      await storage.archive.reserveUserIds(20);
      assert.equal((await addUser(storage)).id, 41);
      await openSession(storage, aSessionOf(bob, clock), bob);
      assert.equal((await createTask(storage, refTo(bob))).id, 31);
      assert.equal(await storage.archive.lastUserId(), 41);
      await storage.archive.reserveUserIds(2 ** 40);
      assert.equal(await storage.archive.lastUserId(), 2 ** 40);
    });

    it('adds tasks again and again, in their order, with texts and ids of any size', async () => {
      const { storage, clock } = await open();
      const parts = [[1, 2], [3], [2 ** 33, 2 ** 33 + 1], [2 ** 40]].map((ids) =>
        ids.map((id) => ({
          id,
          ...aDraft({ title: '👍'.repeat(255), description: '\ufeff\\\r\n"ä'.repeat(999) }),
        })),
      );
      await storage.archive.begin(bob);
      for (const part of parts) await storage.archive.addTasks(bob.id, part);
      assert.equal(await storage.archive.finish(bob, 2 ** 40), true);
      assert.deepEqual(await tasksAfterSignIn(storage, clock, bob), parts.flat());
    });

    it('restores long hashes and any date', async () => {
      const { storage } = await open();
      for (const [index, createdAt] of [0.1 + 0.2, -86_400.5, 2 ** 32, 1e11].entries()) {
        const user = {
          ...bob,
          id: index + 1,
          username: `user${index}`,
          passwordHash: 'aB$/'.repeat(256),
          createdAt,
        };
        await importUser(storage, user);
        assert.deepEqual(await storage.users.find(user.id), user);
      }
    });

    it('counts the tasks and their bytes, and sets a revision of now', async () => {
      const { storage, clock } = await open();
      await importUser(storage, bob, tasksOfBob);
      await openSession(storage, aSessionOf(bob, clock), bob);
      const { count, bytes, revision } = await storage.tasks.summary(refTo(bob));
      const texts = tasksOfBob.map(({ title, description }) => title + description).join('');
      assert.deepEqual({ count, bytes }, { count: 3, bytes: Buffer.byteLength(texts) });
      assert.equal(revision, Math.floor(clock.now() * 1000));
    });

    it('lists imported users in the order of their ids', async () => {
      const { storage } = await open();
      await storage.archive.reserveUserIds(9);
      const late = await addUser(storage);
      await importUser(storage, bob);
      await importUser(storage, { ...bob, id: 3, username: 'carol' });
      const ids = (await storage.users.list(everything)).map(({ id }) => id);
      assert.deepEqual(ids, [3, 7, late.id]);
      assert.deepEqual(
        (await storage.users.list({ after: 3, limit: 1 })).map(({ id }) => id),
        [7],
      );
    });

    it('shows nothing of a user before the import has finished', async () => {
      const { storage, clock } = await open();
      await storage.archive.reserveUserIds(7);
      await storage.archive.begin(bob);
      await storage.archive.addTasks(bob.id, tasksOfBob);
      assert.equal(await storage.users.find(bob.id), undefined);
      assert.equal(await storage.users.findByName('bob'), undefined);
      assert.deepEqual(await storage.users.list(everything), []);
      await storage.archive.begin({ ...bob, id: 9, username: 'carol' });
      assert.equal(await storage.archive.lastUserId(), 7);
      assert.equal(await storage.sessions.open(aSessionOf(bob, clock), bob.passwordHash, 1), undefined);
      assert.deepEqual((await storage.archive.tasksOf(bob.id, everything)).tasks, []);
    });

    it('begins anew after it was cut off', async () => {
      const { storage, clock } = await open();
      await storage.archive.begin(bob);
      await storage.archive.addTasks(bob.id, [{ id: 1, ...aDraft({ title: 'deleted since' }) }]);
      await importUser(storage, bob, tasksOfBob);
      assert.deepEqual(await tasksAfterSignIn(storage, clock, bob), tasksOfBob);
    });

    it('leaves a user who is there as they are', async () => {
      const { storage, clock } = await open();
      await importUser(storage, bob, tasksOfBob);
      await storage.users.setPasswordHash(bob.id, 'changed since');
      assert.equal(await storage.archive.begin(bob), 'present');
      const changed = { ...bob, passwordHash: 'changed since' };
      assert.deepEqual(await storage.users.find(bob.id), changed);
      assert.deepEqual(await tasksAfterSignIn(storage, clock, changed), tasksOfBob);
    });

    it('does not begin if another account has the id or the name', async () => {
      const { storage } = await open();
      const alice = await addUser(storage);
      assert.equal(await storage.archive.begin({ ...bob, id: alice.id }), 'taken');
      assert.equal(await storage.archive.begin({ ...bob, username: 'alice' }), 'taken');
      assert.equal(await storage.archive.begin({ ...bob, id: alice.id, username: 'Alice' }), 'taken');
      assert.deepEqual(await storage.users.list(everything), [alice]);
    });

    it('and a concurrent registration of the same name leave one user', async () => {
      const { storage } = await open();
      await storage.archive.reserveUserIds(1000);
      for (let round = 0; round < 20; round++) {
        const user: User = { ...bob, id: round + 1, username: `bob ${round}` };
        let registered: User | undefined;
        let imported: boolean | undefined;
        await race(round, [
          async () => {
            registered = await storage.users.add(aNewUser({ username: user.username, passwordHash: 'new' }));
          },
          async () => {
            const begun = (await storage.archive.begin(user)) === 'begun';
            if (begun) await storage.archive.addTasks(user.id, tasksOfBob);
            imported = begun && (await storage.archive.finish(user, 11));
          },
        ]);
        assertSameMembers([registered !== undefined, imported], [true, false]);
        assert.deepEqual(await storage.users.findByName(user.username), imported ? user : registered);
        if (!imported) assert.equal(await storage.users.find(user.id), undefined);
      }
    });
  });
}
