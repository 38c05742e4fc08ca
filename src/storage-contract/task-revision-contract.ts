import assert from 'node:assert/strict';
import type { SessionRef } from '../application/ports/session-repository.js';
import type { Storage } from '../application/ports/storage.js';
import type { Task, TaskDraft, TaskPage } from '../domain/task.js';
import { assertIncludes } from './assertions.js';
import { outcomeOf, rejectionOf } from './rejection.js';
import type { SettableClock } from './settable-clock.js';
import { aDraft, createTask, signIn, signInWithUselessSessions, updateTask } from './builders.js';
import { concurrently, race } from './concurrency.js';
import type { Suite } from './suite.js';

const all = { after: 0, limit: 1000 };
const allById = { order: { by: 'id', descending: false }, offset: 0, limit: 1000, count: true } as const;

/** What every TaskRepository promises of revisions, summaries and conditional changes. */
export function taskRevisionContract({ describe, it, open }: Suite): void {
  const openWithOwner = async (): Promise<{ storage: Storage; clock: SettableClock; owner: SessionRef }> => {
    const { storage, clock } = await open();
    const { ref: owner } = await signIn(storage, clock);
    return { storage, clock, owner };
  };

  describe('the revision', () => {
    it('is 0 where no task has been', async () => {
      const { storage, owner } = await openWithOwner();
      assert.deepEqual(await storage.tasks.summary(owner), { revision: 0, count: 0, bytes: 0 });
      assertIncludes(await storage.tasks.list(owner, all), { revision: 0, total: 0 });
    });

    it('is raised by every creation, update and deletion, and by no read', async () => {
      const { storage, owner } = await openWithOwner();
      const idempotency = { key: 'key', fingerprint: 'fingerprint' };
      const changes: (() => Promise<unknown>)[] = [
        () => createTask(storage, owner),
        () => createTask(storage, owner, aDraft(), { idempotency }),
        () => updateTask(storage, owner, 1, { status: 'completed' }),
        () => updateTask(storage, owner, 1, { title: 'Milch' }),
        () => updateTask(storage, owner, 1, { title: 'Tea' }),
        () => updateTask(storage, owner, 2, { title: 'Tea' }, { expected: aDraft() }),
        () => storage.tasks.remove(owner, 1),
        () => storage.tasks.remove(owner, 2, aDraft({ title: 'Tea' })),
      ];
      let before = 0;
      for (const change of changes) {
        await change();
        const revision = await revisionOf(storage, owner);
        assert.ok(revision > before);
        assert.equal((await storage.tasks.list(owner, all)).revision, revision);
        assert.equal((await storage.tasks.select(owner, allById)).revision, revision);
        await storage.tasks.find(owner, 1);
        assert.equal(await revisionOf(storage, owner), revision);
        before = revision;
      }
    });

    it('is at least the time in milliseconds, so that it is new even after data was lost', async () => {
      const { storage, clock, owner } = await openWithOwner();
      for (const change of [
        () => createTask(storage, owner),
        () => updateTask(storage, owner, 1, { title: 'new' }),
        () => storage.tasks.remove(owner, 1),
      ]) {
        clock.advance(10);
        await change();
        assert.equal(await revisionOf(storage, owner), Math.floor(clock.now() * 1000));
      }
    });

    it('rises while the clock stands still or is set back', async () => {
      const { storage, clock, owner } = await openWithOwner();
      await createTask(storage, owner);
      const revision = await revisionOf(storage, owner);
      await updateTask(storage, owner, 1, { title: 'new' });
      assert.equal(await revisionOf(storage, owner), revision + 1);
      clock.advance(-60);
      await storage.tasks.remove(owner, 1);
      assert.equal(await revisionOf(storage, owner), revision + 2);
    });

    it('is the same only if all tasks are, however many changes are made concurrently', async () => {
      const { storage, owner } = await openWithOwner();
      await createTask(storage, owner);
      const before = await revisionOf(storage, owner);
      const pages: TaskPage[] = [];
      await concurrently(40, async (index) => {
        const { id } = await createTask(storage, owner, aDraft({ title: `${index}` }));
        pages.push(await storage.tasks.list(owner, all));
        await updateTask(storage, owner, id, { status: 'completed' });
        pages.push(await storage.tasks.list(owner, all));
        if (index % 2 === 0) await storage.tasks.remove(owner, id);
        pages.push(await storage.tasks.list(owner, all));
      });
      const tasksAt = new Map<number, readonly Task[]>();
      for (const { revision, tasks, total } of pages) {
        assert.equal(total, tasks.length);
        assert.deepEqual(tasks, tasksAt.get(revision) ?? tasks);
        tasksAt.set(revision, tasks);
      }
      assert.ok((await revisionOf(storage, owner)) >= before + 40 + 40 + 20);
    });

    it('is one of each user', async () => {
      const { storage, clock, owner } = await openWithOwner();
      const { ref: bob } = await signIn(storage, clock, { id: 'bobs' }, 'bob');
      await createTask(storage, owner);
      assert.deepEqual(await storage.tasks.summary(bob), { revision: 0, count: 0, bytes: 0 });
    });
  });

  describe('the summary', () => {
    it('counts the tasks, and the bytes of their titles and descriptions in UTF-8', async () => {
      const { storage, owner } = await openWithOwner();
      await createTask(storage, owner, aDraft({ title: 'ä', description: '👍' }));
      await createTask(storage, owner, aDraft({ title: 'a', description: 'b' }));
      assertIncludes(await storage.tasks.summary(owner), { count: 2, bytes: 8 });
      assertIncludes(await storage.tasks.list(owner, { after: 0, limit: 1 }), { total: 2, hasMore: true });
      await updateTask(storage, owner, 2, { title: 'abc' });
      await storage.tasks.remove(owner, 1);
      assertIncludes(await storage.tasks.summary(owner), { count: 1, bytes: 4 });
      assertIncludes(await storage.tasks.list(owner, { after: 2, limit: 1 }), { total: 1 });
    });

    it('needs an active session', async () => {
      const { storage, clock } = await open();
      const { ref, others } = await signInWithUselessSessions(storage, clock);
      await createTask(storage, ref);
      for (const session of others) {
        assert.equal(await rejectionOf(storage.tasks.summary(session)), 'token_revoked');
      }
    });

    it('is the same for the operator, who needs no session', async () => {
      const { storage, owner } = await openWithOwner();
      await createTask(storage, owner, aDraft({ title: 'ä', description: 'b' }));
      const summary = await storage.tasks.summary(owner);
      await storage.sessions.endAll(owner);
      assert.deepEqual(await storage.tasks.summaryOf(owner.userId), summary);
      assert.deepEqual(await storage.tasks.summaryOf(99), { revision: 0, count: 0, bytes: 0 });
    });
  });

  describe('a change of the expected task', () => {
    const unexpected: Record<string, TaskDraft> = {
      title: aDraft({ title: 'milk' }),
      description: aDraft({ description: 'Two litres ' }),
      status: aDraft({ status: 'completed' }),
    };

    it('is made', async () => {
      const { storage, owner } = await openWithOwner();
      const task = await createTask(storage, owner);
      const updated = await updateTask(storage, owner, 1, { status: 'completed' }, { expected: task });
      assert.deepEqual(updated, { ...task, status: 'completed' });
      assert.deepEqual(await storage.tasks.find(owner, 1), updated);
      assert.equal(await storage.tasks.remove(owner, 1, updated), true);
      assert.equal(await storage.tasks.find(owner, 1), undefined);
    });

    for (const [field, expected] of Object.entries(unexpected)) {
      it(`is not made if the task has another ${field}`, async () => {
        const { storage, owner } = await openWithOwner();
        const task = await createTask(storage, owner);
        const updating = updateTask(storage, owner, 1, { title: 'new' }, { expected });
        assert.equal(await rejectionOf(updating), 'task_changed');
        assert.equal(await rejectionOf(storage.tasks.remove(owner, 1, expected)), 'task_changed');
        assert.deepEqual(await storage.tasks.find(owner, 1), task);
      });
    }

    it('is not made if the change would make the task the expected one', async () => {
      const { storage, owner } = await openWithOwner();
      await createTask(storage, owner);
      const expected = aDraft({ title: 'new' });
      assert.equal(await rejectionOf(updateTask(storage, owner, 1, expected, { expected })), 'task_changed');
    });

    it('is not made of a missing task, whatever is expected', async () => {
      const { storage, owner } = await openWithOwner();
      assert.equal(await updateTask(storage, owner, 1, { title: 'new' }, { expected: aDraft() }), undefined);
      assert.equal(await storage.tasks.remove(owner, 1, aDraft()), false);
    });

    it('reports another task than the expected one before a reached limit', async () => {
      const { storage, owner } = await openWithOwner();
      await createTask(storage, owner);
      const longer = (expected: TaskDraft) =>
        updateTask(storage, owner, 1, { title: 'longer' }, { expected, maxBytes: 1 });
      assert.equal(await rejectionOf(longer(aDraft({ title: 'other' }))), 'task_changed');
      assert.equal(await rejectionOf(longer(aDraft())), 'byte_limit_reached');
    });

    it('needs an active session', async () => {
      const { storage, clock } = await open();
      const { ref, others } = await signInWithUselessSessions(storage, clock);
      const task = await createTask(storage, ref);
      for (const session of others) {
        const updating = updateTask(storage, session, 1, { title: 'new' }, { expected: task });
        assert.equal(await rejectionOf(updating), 'token_revoked');
        assert.equal(await rejectionOf(storage.tasks.remove(session, 1, task)), 'token_revoked');
      }
      assert.deepEqual(await storage.tasks.find(ref, 1), task);
    });

    it('is made by exactly one of fifty concurrent updates with the same expected task', async () => {
      const { storage, owner } = await openWithOwner();
      const expected = await createTask(storage, owner);
      const results = await concurrently(50, (index) =>
        outcomeOf(updateTask(storage, owner, 1, { title: `new ${index}` }, { expected })),
      );
      const made = results.filter((result) => result !== 'task_changed');
      assert.deepEqual(made, [await storage.tasks.find(owner, 1)]);
    });

    it('is made by one of a concurrent update and a concurrent deletion', async () => {
      const { storage, owner } = await openWithOwner();
      for (let round = 0; round < 20; round++) {
        const expected = await createTask(storage, owner);
        const { id } = expected;
        let [updated, removed]: unknown[] = [];
        await race(round, [
          async () =>
            (updated = await outcomeOf(updateTask(storage, owner, id, { title: 'new' }, { expected }))),
          async () => (removed = await outcomeOf(storage.tasks.remove(owner, id, expected))),
        ]);
        const left = await storage.tasks.find(owner, id);
        if (removed === true) assert.deepEqual([updated, left], [undefined, undefined]);
        else assert.deepEqual([updated, removed], [left, 'task_changed']);
      }
    });
  });
}

async function revisionOf({ tasks }: Storage, owner: SessionRef): Promise<number> {
  return (await tasks.summary(owner)).revision;
}
