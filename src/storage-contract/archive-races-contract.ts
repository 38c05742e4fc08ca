import assert from 'node:assert/strict';
import type { Task } from '../domain/task.js';
import type { User } from '../domain/user.js';
import { aDraft, aNewUser, aSessionOf, addUser, createTask, signIn } from './builders.js';
import { inOneStep, race } from './concurrency.js';
import type { Suite } from './suite.js';

const bob: User = { id: 7, active: true, ...aNewUser({ username: 'bob' }) };
const tasks: readonly Task[] = [
  { id: 1, ...aDraft() },
  { id: 2, ...aDraft() },
  { id: 5, ...aDraft() },
];
const everything = { after: 0, limit: 10 };

/** What every Archive promises of steps and concurrent calls. */
export function archiveRacesContract({ describe, it, open }: Suite): void {
  it('returns the last id of the same step as the tasks', async () => {
    const { storage, clock } = await open();
    const { user, ref } = await signIn(storage, clock);
    for (let round = 0; round < 20; round++) {
      await race(round, [
        () => createTask(storage, ref),
        async () => {
          const page = await storage.archive.tasksOf(user.id, { after: 0, limit: 1000 });
          assert.equal(page.tasks.length, page.lastTaskId);
        },
      ]);
    }
  });

  it('reserves ids in one step with those of concurrent registrations', async () => {
    const { storage } = await open();
    const ids: number[] = [];
    for (let round = 0; round < 20; round++) {
      const register = async (name: string) => {
        ids.push((await addUser(storage, { username: `${name}${round}` })).id);
      };
      const reserved = (ids.at(-1) ?? 0) + 1 + (round % 3);
      const registering = async () => {
        for (const name of ['a', 'b', 'c']) await register(name);
      };
      await race(round, [() => storage.archive.reserveUserIds(reserved), registering]);
      await register('last');
      assert.ok((ids.at(-1) ?? 0) > reserved);
    }
    assert.deepEqual(
      ids,
      [...new Set(ids)].toSorted((one, other) => one - other),
    );
  });

  describe('finishing an import', () => {
    it('lets the user be found and listed as soon as everything else is there', async () => {
      const { storage, clock } = await open();
      await storage.archive.reserveUserIds(7);
      await storage.archive.begin(bob);
      await storage.archive.addTasks(7, tasks);
      let sessions = 0;
      const everythingIsThere = async () => {
        assert.deepEqual(await storage.users.find(7), bob);
        const exported = await storage.archive.tasksOf(7, everything);
        assert.deepEqual(exported, { tasks, hasMore: false, lastTaskId: 5 });
        assert.equal((await storage.tasks.summaryOf(7)).count, 3);
        const session = aSessionOf(bob, clock, { id: `${sessions++}` });
        assert.notEqual(await storage.sessions.open(session, bob.passwordHash, Infinity), undefined);
        return true;
      };
      await inOneStep(() => storage.archive.finish(bob, 5), {
        'the name': async () => (await storage.users.findByName('bob')) !== undefined && everythingIsThere(),
        'the list': async () => (await storage.users.list(everything)).length === 1 && everythingIsThere(),
      });
    });

    it('and a concurrent registration of the name leave one user', async () => {
      const { storage } = await open();
      await storage.archive.reserveUserIds(1000);
      for (let round = 0; round < 20; round++) {
        const user: User = { ...bob, id: round + 1, username: `bob${round}` };
        await storage.archive.begin(user);
        await storage.archive.addTasks(user.id, tasks);
        let registered: User | undefined;
        let isImported = false;
        await race(round, [
          async () => (isImported = await storage.archive.finish(user, 5)),
          async () => (registered = await storage.users.add(aNewUser({ username: user.username }))),
        ]);
        assert.equal(isImported, registered === undefined);
        assert.deepEqual(await storage.users.findByName(user.username), registered ?? user);
        assert.deepEqual(await storage.users.find(user.id), isImported ? user : undefined);
        const { count } = await storage.tasks.summaryOf(user.id);
        assert.equal(count, isImported ? 3 : 0);
        await storage.users.remove((registered ?? user).id);
      }
      assert.deepEqual(await storage.users.list(everything), []);
    });

    it('is refused if the id or the name was taken since, and leaves nothing', async () => {
      const { storage } = await open();
      for (const user of [
        { ...bob, id: 1 },
        { ...bob, username: 'user2' },
      ]) {
        await storage.archive.begin(user);
        await storage.archive.addTasks(user.id, tasks);
        const { id: since } = await addUser(storage, { username: `user${user.id === 1 ? 1 : 2}` });
        assert.equal(await storage.archive.finish(user, 5), false);
        assert.equal((await storage.users.list(everything)).length, since);
        assert.equal(await storage.users.findByName('bob'), undefined);
        const nothing = { tasks: [], hasMore: false, lastTaskId: 0 };
        assert.deepEqual(await storage.archive.tasksOf(user.id, everything), nothing);
        assert.deepEqual(await storage.tasks.summaryOf(user.id), { revision: 0, count: 0, bytes: 0 });
      }
      assert.equal(await storage.users.find(7), undefined);
    });
  });
}
