import { expect } from 'chai';
import type { SessionRef } from '../../src/application/ports/session-repository.js';
import type { Storage } from '../../src/application/ports/storage.js';
import type { Task, TaskDraft, TaskPage } from '../../src/domain/task.js';
import { rejectionOf } from '../support/rejection.js';
import type { SettableClock } from '../support/settable-clock.js';
import { aDraft, createTask, signIn, signInWithUselessSessions, updateTask } from './builders.js';
import { concurrently, race } from './concurrency.js';
import type { OpenStorage } from './open-storage.js';

const all = { after: 0, limit: 1000 };
const allById = { order: { by: 'id', descending: false }, offset: 0, limit: 1000, count: true } as const;

/** What every TaskRepository promises of revisions, summaries and conditional changes. */
export function taskRevisionContract(open: OpenStorage): void {
  const openWithOwner = async (): Promise<{ storage: Storage; clock: SettableClock; owner: SessionRef }> => {
    const { storage, clock } = await open();
    const { ref: owner } = await signIn(storage, clock);
    return { storage, clock, owner };
  };

  describe('the revision', () => {
    it('is 0 where no task has been', async () => {
      const { storage, owner } = await openWithOwner();
      expect(await storage.tasks.summary(owner)).to.deep.equal({ revision: 0, count: 0, bytes: 0 });
      expect(await storage.tasks.list(owner, all)).to.include({ revision: 0, total: 0 });
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
        expect(revision).to.be.above(before);
        expect((await storage.tasks.list(owner, all)).revision).to.equal(revision);
        expect((await storage.tasks.select(owner, allById)).revision).to.equal(revision);
        await storage.tasks.find(owner, 1);
        expect(await revisionOf(storage, owner)).to.equal(revision);
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
        expect(await revisionOf(storage, owner)).to.equal(Math.floor(clock.now() * 1000));
      }
    });

    it('rises while the clock stands still or is set back', async () => {
      const { storage, clock, owner } = await openWithOwner();
      await createTask(storage, owner);
      const revision = await revisionOf(storage, owner);
      await updateTask(storage, owner, 1, { title: 'new' });
      expect(await revisionOf(storage, owner)).to.equal(revision + 1);
      clock.advance(-60);
      await storage.tasks.remove(owner, 1);
      expect(await revisionOf(storage, owner)).to.equal(revision + 2);
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
        expect(total).to.equal(tasks.length);
        expect(tasks).to.deep.equal(tasksAt.get(revision) ?? tasks);
        tasksAt.set(revision, tasks);
      }
      expect(await revisionOf(storage, owner)).to.be.at.least(before + 40 + 40 + 20);
    });

    it('is one of each user', async () => {
      const { storage, clock, owner } = await openWithOwner();
      const { ref: bob } = await signIn(storage, clock, { id: 'bobs' }, 'bob');
      await createTask(storage, owner);
      expect(await storage.tasks.summary(bob)).to.deep.equal({ revision: 0, count: 0, bytes: 0 });
    });
  });

  describe('the summary', () => {
    it('counts the tasks, and the bytes of their titles and descriptions in UTF-8', async () => {
      const { storage, owner } = await openWithOwner();
      await createTask(storage, owner, aDraft({ title: 'ä', description: '👍' }));
      await createTask(storage, owner, aDraft({ title: 'a', description: 'b' }));
      expect(await storage.tasks.summary(owner)).to.include({ count: 2, bytes: 8 });
      expect(await storage.tasks.list(owner, { after: 0, limit: 1 })).to.include({ total: 2, hasMore: true });
      await updateTask(storage, owner, 2, { title: 'abc' });
      await storage.tasks.remove(owner, 1);
      expect(await storage.tasks.summary(owner)).to.include({ count: 1, bytes: 4 });
      expect(await storage.tasks.list(owner, { after: 2, limit: 1 })).to.include({ total: 1 });
    });

    it('needs an active session', async () => {
      const { storage, clock } = await open();
      const { ref, others } = await signInWithUselessSessions(storage, clock);
      await createTask(storage, ref);
      for (const session of others) {
        expect(await rejectionOf(storage.tasks.summary(session))).to.equal('token_revoked');
      }
    });

    it('is the same for the operator, who needs no session', async () => {
      const { storage, owner } = await openWithOwner();
      await createTask(storage, owner, aDraft({ title: 'ä', description: 'b' }));
      const summary = await storage.tasks.summary(owner);
      await storage.sessions.endAll(owner);
      expect(await storage.tasks.summaryOf(owner.userId)).to.deep.equal(summary);
      expect(await storage.tasks.summaryOf(99)).to.deep.equal({ revision: 0, count: 0, bytes: 0 });
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
      expect(updated).to.deep.equal({ ...task, status: 'completed' });
      expect(await storage.tasks.find(owner, 1)).to.deep.equal(updated);
      expect(await storage.tasks.remove(owner, 1, updated)).to.equal(true);
      expect(await storage.tasks.find(owner, 1)).to.equal(undefined);
    });

    for (const [field, expected] of Object.entries(unexpected)) {
      it(`is not made if the task has another ${field}`, async () => {
        const { storage, owner } = await openWithOwner();
        const task = await createTask(storage, owner);
        const updating = updateTask(storage, owner, 1, { title: 'new' }, { expected });
        expect(await rejectionOf(updating)).to.equal('task_changed');
        expect(await rejectionOf(storage.tasks.remove(owner, 1, expected))).to.equal('task_changed');
        expect(await storage.tasks.find(owner, 1)).to.deep.equal(task);
      });
    }

    it('is not made if the change would make the task the expected one', async () => {
      const { storage, owner } = await openWithOwner();
      await createTask(storage, owner);
      const expected = aDraft({ title: 'new' });
      expect(await rejectionOf(updateTask(storage, owner, 1, expected, { expected }))).to.equal(
        'task_changed',
      );
    });

    it('is not made of a missing task, whatever is expected', async () => {
      const { storage, owner } = await openWithOwner();
      expect(await updateTask(storage, owner, 1, { title: 'new' }, { expected: aDraft() })).to.equal(
        undefined,
      );
      expect(await storage.tasks.remove(owner, 1, aDraft())).to.equal(false);
    });

    it('reports another task than the expected one before a reached limit', async () => {
      const { storage, owner } = await openWithOwner();
      await createTask(storage, owner);
      const longer = (expected: TaskDraft) =>
        updateTask(storage, owner, 1, { title: 'longer' }, { expected, maxBytes: 1 });
      expect(await rejectionOf(longer(aDraft({ title: 'other' })))).to.equal('task_changed');
      expect(await rejectionOf(longer(aDraft()))).to.equal('byte_limit_reached');
    });

    it('needs an active session', async () => {
      const { storage, clock } = await open();
      const { ref, others } = await signInWithUselessSessions(storage, clock);
      const task = await createTask(storage, ref);
      for (const session of others) {
        const updating = updateTask(storage, session, 1, { title: 'new' }, { expected: task });
        expect(await rejectionOf(updating)).to.equal('token_revoked');
        expect(await rejectionOf(storage.tasks.remove(session, 1, task))).to.equal('token_revoked');
      }
      expect(await storage.tasks.find(ref, 1)).to.deep.equal(task);
    });

    it('is made by exactly one of fifty concurrent updates with the same expected task', async () => {
      const { storage, owner } = await openWithOwner();
      const expected = await createTask(storage, owner);
      const results = await concurrently(50, (index) =>
        resultOf(updateTask(storage, owner, 1, { title: `new ${index}` }, { expected })),
      );
      const made = results.filter((result) => result !== 'task_changed');
      expect(made).to.deep.equal([await storage.tasks.find(owner, 1)]);
    });

    it('is made by one of a concurrent update and a concurrent deletion', async () => {
      const { storage, owner } = await openWithOwner();
      for (let round = 0; round < 20; round++) {
        const expected = await createTask(storage, owner);
        const { id } = expected;
        let [updated, removed]: unknown[] = [];
        await race(round, [
          async () =>
            (updated = await resultOf(updateTask(storage, owner, id, { title: 'new' }, { expected }))),
          async () => (removed = await resultOf(storage.tasks.remove(owner, id, expected))),
        ]);
        const left = await storage.tasks.find(owner, id);
        if (removed === true) expect([updated, left]).to.deep.equal([undefined, undefined]);
        else expect([updated, removed]).to.deep.equal([left, 'task_changed']);
      }
    });
  });
}

async function revisionOf({ tasks }: Storage, owner: SessionRef): Promise<number> {
  return (await tasks.summary(owner)).revision;
}

/** The result of the call; if it rejects, why. */
function resultOf<T>(call: Promise<T>): Promise<unknown> {
  return call.catch((error: unknown) => rejectionOf(Promise.reject(error)));
}
