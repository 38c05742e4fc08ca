import assert from 'node:assert/strict';
import type { SessionRef } from '../application/ports/session-repository.js';
import type { Storage } from '../application/ports/storage.js';
import type { TaskOrder } from '../domain/task-query.js';
import type { Task } from '../domain/task.js';
import {
  aDraft,
  aSessionOf,
  createTask,
  openSession,
  refTo,
  signIn,
  signInWithUselessSessions,
  unlimited,
  updateTask,
} from './builders.js';
import { afterTurns, concurrently, inOneStep } from './concurrency.js';
import { changesNothingAfterItsEnd, readsNothingAfterItsEnd } from './ended-session.js';
import { outcomeOf, rejectionOf } from './rejection.js';
import type { Suite } from './suite.js';

const all = { after: 0, limit: 1000 };
const idempotency = { key: 'k'.repeat(43), fingerprint: 'f'.repeat(43) };
const rounds = 20;

/** What every TaskRepository promises of steps and concurrent calls. */
export function taskRacesContract(suite: Suite): void {
  const { describe, it, open } = suite;

  describe('a session that has ended', () => {
    const changes: Record<string, (storage: Storage, by: SessionRef) => Promise<unknown>> = {
      'creates no task': (storage, by) => createTask(storage, by),
      'creates no task with an idempotency key': (storage, by) =>
        createTask(storage, by, aDraft(), { idempotency }),
      'updates no task': (storage, by) => updateTask(storage, by, 1, { title: 'new' }),
      'updates no task that is the expected one': (storage, by) =>
        updateTask(storage, by, 1, { title: 'new' }, { expected: aDraft() }),
      'removes no task': ({ tasks }, by) => tasks.remove(by, 1),
      'removes no task that is the expected one': ({ tasks }, by) => tasks.remove(by, 1, aDraft()),
    };
    for (const [what, change] of Object.entries(changes)) {
      it(what, async () => {
        await changesNothingAfterItsEnd(suite, change);
      });
    }

    it('finds, lists and sums up nothing that was changed later', async () => {
      await readsNothingAfterItsEnd(suite, ({ tasks }, by, id) => tasks.find(by, id));
      await readsNothingAfterItsEnd(suite, ({ tasks }, by) => tasks.list(by, all));
      await readsNothingAfterItsEnd(suite, ({ tasks }, by) => tasks.summary(by));
    });

    it('is told before everything else', async () => {
      const { storage, clock } = await open();
      const { ref, others } = await signInWithUselessSessions(storage, clock);
      await createTask(storage, ref, aDraft(), { idempotency });
      const { tasks } = storage;
      const reused = { ...idempotency, fingerprint: 'other' };
      const none = { tasks: 0, bytes: 0, idempotencyKeys: 0 };
      const expected = aDraft({ title: 'another' });
      const calls: readonly ((by: SessionRef) => Promise<unknown>)[] = [
        (by) => createTask(storage, by, aDraft(), { idempotency }),
        (by) => createTask(storage, by, aDraft(), { idempotency: reused }),
        (by) => createTask(storage, by, aDraft(), { limits: { ...unlimited, tasks: 0 } }),
        (by) => createTask(storage, by, aDraft(), { limits: { ...unlimited, bytes: 0 } }),
        (by) =>
          createTask(storage, by, aDraft(), { limits: none, idempotency: { ...idempotency, key: 'k' } }),
        (by) => tasks.find(by, 99),
        (by) => tasks.list(by, { after: 99, limit: 1 }),
        (by) => updateTask(storage, by, 99, { title: 'new' }),
        (by) => updateTask(storage, by, 99, {}, { expected }),
        (by) => updateTask(storage, by, 1, {}),
        (by) => updateTask(storage, by, 1, { title: 'new' }, { expected }),
        (by) => updateTask(storage, by, 1, { title: 'longer' }, { maxBytes: 0 }),
        (by) => tasks.remove(by, 99),
        (by) => tasks.remove(by, 99, expected),
        (by) => tasks.remove(by, 1, expected),
      ];
      for (const by of others) {
        for (const call of calls) assert.equal(await rejectionOf(call(by)), 'token_revoked', call.toString());
      }
      assert.deepEqual((await tasks.list(ref, all)).tasks, [{ id: 1, ...aDraft() }]);
    });

    const orders: readonly TaskOrder[] = [
      { by: 'title', descending: false },
      { by: 'status', descending: true },
      { by: 'id', descending: true },
      { by: 'id', descending: false },
    ];
    for (const order of orders) {
      it(`selects nothing that was changed later, ${order.descending ? 'descending' : 'ascending'} by ${order.by}`, async () => {
        const { storage, clock } = await open();
        const { user, ref } = await signIn(storage, clock);
        for (let task = 0; task < 30; task++) await createTask(storage, ref);
        for (let round = 0; round < rounds; round++) {
          const by = refTo(user, `session ${round}`);
          await openSession(storage, aSessionOf(user, clock, { id: by.sessionId }), user);
          const query = { order, offset: 0, limit: 10, count: true, search: 'litres' };
          const selecting = outcomeOf(storage.tasks.select(by, query));
          await afterTurns(round % 10, () => storage.sessions.end(by));
          const description = `${round + 2} litres`;
          for (const id of [1, 30]) await updateTask(storage, ref, id, { description });
          const selected = await selecting;
          if (selected === 'token_revoked') continue;
          if (typeof selected === 'string') assert.fail(`refused with ${selected}`);
          assert.ok(!selected.tasks.some((task) => task.description === description));
        }
      });
    }
  });

  describe('one step', () => {
    const changes: Record<string, (storage: Storage, by: SessionRef) => Promise<unknown>> = {
      creates: (storage, by) => createTask(storage, by, aDraft({ title: 'new' })),
      'creates with an idempotency key': (storage, by) =>
        createTask(storage, by, aDraft({ title: 'new' }), { idempotency }),
      updates: (storage, by) => updateTask(storage, by, 2, { title: 'new', status: 'completed' }),
      removes: ({ tasks }, by) => tasks.remove(by, 2),
    };
    for (const [what, change] of Object.entries(changes)) {
      it(`${what} a task, and changes the list, the summary and the revision`, async () => {
        const { storage, clock } = await open();
        const { ref } = await signIn(storage, clock);
        for (let task = 0; task < 3; task++) await createTask(storage, ref);
        const { tasks } = storage;
        const [before, summary] = [await tasks.list(ref, all), await tasks.summary(ref)];
        const isChanged = (list: readonly Task[]) => JSON.stringify(list) !== JSON.stringify(before.tasks);
        await inOneStep(() => change(storage, ref), {
          'the change of the list': async () => isChanged((await tasks.list(ref, all)).tasks),
          'the new revision': async () => (await tasks.list(ref, all)).revision > before.revision,
          'the change of the bytes': async () => (await tasks.summary(ref)).bytes !== summary.bytes,
          'the revision of the summary': async () => (await tasks.summary(ref)).revision > summary.revision,
        });
      });
    }
  });

  it('rejects exactly those of fifty concurrent updates for whose bytes the limit has no room', async () => {
    const { storage, clock } = await open();
    const { ref } = await signIn(storage, clock);
    for (let task = 0; task < 50; task++) await createTask(storage, ref);
    const { bytes } = await storage.tasks.summary(ref);
    const maxBytes = bytes + 95;
    const outcomes = await concurrently(50, (index) =>
      outcomeOf(updateTask(storage, ref, index + 1, { title: 'Milk and honey' }, { maxBytes })),
    );
    assert.equal(outcomes.filter((outcome) => outcome === 'byte_limit_reached').length, 41);
    assert.equal((await storage.tasks.summary(ref)).bytes, bytes + 90);
  });
}
