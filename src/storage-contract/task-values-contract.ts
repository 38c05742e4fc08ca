import assert from 'node:assert/strict';
import type { SessionRef } from '../application/ports/session-repository.js';
import type { Storage } from '../application/ports/storage.js';
import type { IdempotencyKey } from '../application/ports/task-repository.js';
import type { Task } from '../domain/task.js';
import {
  aDraft,
  aGenerationAt,
  aNewUser,
  aSessionOf,
  createTask,
  openSession,
  refTo,
  signIn,
  unlimited,
  updateTask,
} from './builders.js';
import { assertIncludes } from './assertions.js';
import { inPortions } from './concurrency.js';
import { rejectionOf } from './rejection.js';
import type { Suite } from './suite.js';

const all = { after: 0, limit: 1000 };
const hour = 3600;

/** The longest title, of letters of four bytes. */
const longTitle = '👍'.repeat(255);

/** What every TaskRepository promises of texts, numbers, times and long lists. */
export function taskValuesContract({ describe, it, open }: Suite): void {
  it('keeps the longest title, and a description of more than a megabyte', async () => {
    const { storage, clock } = await open();
    const { ref } = await signIn(storage, clock);
    const draft = aDraft({ title: longTitle, description: `${'0123456789\\\\ä'.repeat(90_000)}.` });
    const task = await createTask(storage, ref, draft);
    assert.ok(task.description === draft.description && task.title === longTitle);
    const found = await storage.tasks.find(ref, 1);
    assert.ok(found?.description === draft.description && found.title === longTitle);
    const [listed] = (await storage.tasks.list(ref, all)).tasks;
    assert.ok(listed?.description === draft.description && listed.title === longTitle);
  });

  it('compares a task with the expected one to the last letter', async () => {
    const { storage, clock } = await open();
    const { ref } = await signIn(storage, clock);
    const task = await createTask(
      storage,
      ref,
      aDraft({ title: longTitle, description: `${'x'.repeat(100_000)}é` }),
    );
    const others = [
      { ...task, description: `${task.description.slice(0, -1)}X` },
      { ...task, description: task.description.slice(0, -1) },
      { ...task, description: `${task.description} ` },
      { ...task, description: `${task.description}\u200B` },
      { ...task, description: task.description.normalize('NFD') },
      { ...task, title: `${longTitle.slice(0, -2)}👎` },
    ];
    for (const expected of others) {
      const updating = updateTask(storage, ref, 1, { status: 'completed' }, { expected });
      assert.equal(await rejectionOf(updating), 'task_changed');
      assert.equal(await rejectionOf(storage.tasks.remove(ref, 1, expected)), 'task_changed');
    }
    assert.equal(await storage.tasks.remove(ref, 1, task), true);
  });

  it('allows what a limit of more than 32 bits allows', async () => {
    const { storage, clock } = await open();
    const { ref } = await signIn(storage, clock);
    for (const limit of [2 ** 31, 2 ** 32, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER]) {
      const limits = { tasks: limit, bytes: limit, idempotencyKeys: limit };
      const idempotency = { key: `key ${limit}`, fingerprint: 'fingerprint' };
      const { id } = await createTask(storage, ref, aDraft(), { limits, idempotency });
      const longer = { title: 'A longer title' };
      assert.equal((await updateTask(storage, ref, id, longer, { maxBytes: limit }))?.title, longer.title);
    }
  });

  it('goes on above an id of more than 32 bits, and takes no other id for it', async () => {
    const { storage, clock } = await open();
    const bob = { id: 7, active: true, ...aNewUser({ username: 'bob' }) };
    await storage.archive.begin(bob);
    await storage.archive.addTasks(7, [{ id: 1, ...aDraft() }]);
    await storage.archive.finish(bob, 2 ** 40);
    await openSession(storage, aSessionOf(bob, clock), bob);
    const ref = refTo(bob);
    const task = await createTask(storage, ref);
    assert.equal(task.id, 2 ** 40 + 1);
    for (const id of [2 ** 32 + 1, 2 ** 31, 2 ** 40, 2 ** 40 + 2]) {
      assert.equal(await storage.tasks.find(ref, id), undefined);
      assert.equal(await updateTask(storage, ref, id, { title: 'new' }), undefined);
      assert.equal(await storage.tasks.remove(ref, id), false);
    }
    assert.deepEqual(await storage.tasks.find(ref, task.id), task);
    assert.deepEqual((await storage.tasks.list(ref, { after: 1, limit: 10 })).tasks, [task]);
    assert.deepEqual((await storage.tasks.list(ref, { after: task.id, limit: 10 })).tasks, []);
    const completed = { ...task, status: 'completed' };
    assert.deepEqual(await updateTask(storage, ref, task.id, { status: 'completed' }), completed);
    assert.equal(await storage.tasks.remove(ref, task.id), true);
  });

  it('lists and selects a thousand tasks at once', async () => {
    const { storage, clock } = await open();
    const { ref } = await signIn(storage, clock);
    const tasks = await inPortions(1001, () => createTask(storage, ref));
    const first = tasks.toSorted((one, other) => one.id - other.id).slice(0, 1000);
    const page = await storage.tasks.list(ref, all);
    assert.deepEqual(page.tasks, first);
    assert.deepEqual([page.hasMore, page.total], [true, 1001]);
    for (const by of ['id', 'title'] as const) {
      const query = { order: { by, descending: false }, offset: 0, limit: 1000, count: false };
      const selection = await storage.tasks.select(ref, query);
      assert.deepEqual(selection.tasks, first);
      assert.equal(selection.hasMore, true);
    }
  });

  describe('limits', () => {
    it('are told in their order: of tasks, of bytes, of idempotency keys', async () => {
      const { storage, clock } = await open();
      const { ref } = await signIn(storage, clock);
      const createWithin = (tasks: number, bytes: number) =>
        createTask(storage, ref, aDraft(), {
          limits: { tasks, bytes, idempotencyKeys: 0 },
          idempotency: { key: 'key', fingerprint: 'fingerprint' },
        });
      assert.equal(await rejectionOf(createWithin(0, 0)), 'task_limit_reached');
      assert.equal(await rejectionOf(createWithin(1, 0)), 'byte_limit_reached');
      assert.equal(await rejectionOf(createWithin(1, 100)), 'idempotency_key_limit_reached');
      assert.deepEqual(await storage.tasks.summary(ref), { revision: 0, count: 0, bytes: 0 });
    });

    it('of bytes are reached by an update to the byte, and not by a shorter text', async () => {
      const { storage, clock } = await open();
      const { ref } = await signIn(storage, clock);
      await createTask(storage, ref, aDraft({ title: 'a', description: '123456789' }));
      const update = (title: string) => updateTask(storage, ref, 1, { title }, { maxBytes: 12 });
      assert.equal(await rejectionOf(update('ää')), 'byte_limit_reached');
      assert.equal((await update('äb'))?.title, 'äb');
      assert.equal((await update('abc'))?.title, 'abc');
      assert.equal(await rejectionOf(update('abcd')), 'byte_limit_reached');
      for (const changes of [{ title: 'ab' }, { title: 'cd' }, { status: 'completed' }, {}] as const) {
        const updated = await updateTask(storage, ref, 1, changes, { maxBytes: 0 });
        assertIncludes(updated, changes);
      }
    });
  });

  describe('a revision', () => {
    it('is that of the clock to the millisecond, and is raised by a text of the same length', async () => {
      const { storage, clock } = await open();
      const { ref } = await signIn(storage, clock);
      await createTask(storage, ref);
      for (const changes of [{ title: 'Rice' }, { description: 'Two packets'.slice(0, 10) }]) {
        clock.advance(0.125);
        await updateTask(storage, ref, 1, changes);
        const { revision } = await storage.tasks.summary(ref);
        assert.equal(revision, Math.floor(clock.now() * 1000));
      }
    });

    it('is not raised by the tasks of another user', async () => {
      const { storage, clock } = await open();
      const { ref } = await signIn(storage, clock);
      const { ref: bob } = await signIn(storage, clock, { id: 'bobs' }, 'bob');
      await createTask(storage, ref);
      await createTask(storage, bob);
      const before = await storage.tasks.summary(ref);
      clock.advance(1);
      await createTask(storage, bob);
      await updateTask(storage, bob, 1, { title: 'new' });
      await storage.tasks.remove(bob, 1);
      assert.deepEqual(await storage.tasks.summary(ref), before);
    });
  });

  describe('idempotency keys', () => {
    const key = `${'aB-_'.repeat(10)}abc`;
    const request: IdempotencyKey = { key, fingerprint: key };
    /** Other digests: with another last letter, in another case, and shorter. */
    const others = [`${key.slice(0, -1)}d`, key.toLowerCase(), key.toUpperCase(), key.slice(0, -1)];

    it('and fingerprints are compared to the last letter, in their case', async () => {
      const { storage, clock } = await open();
      const { ref } = await signIn(storage, clock);
      await create(storage, ref, request);
      for (const fingerprint of others) {
        const reusing = create(storage, ref, { key, fingerprint });
        assert.equal(await rejectionOf(reusing), 'idempotency_key_reused');
      }
      assert.equal((await create(storage, ref, request)).id, 1);
      for (const [index, other] of others.entries()) {
        assert.equal((await create(storage, ref, { ...request, key: other })).id, index + 2);
      }
    });

    it('are those of the user, by whichever session', async () => {
      const { storage, clock } = await open();
      const { user, ref } = await signIn(storage, clock);
      const task = await create(storage, ref, request);
      await storage.sessions.end(ref);
      await openSession(storage, aSessionOf(user, clock, { id: 'another' }), user);
      assert.deepEqual(await create(storage, refTo(user, 'another'), request), task);
      assert.equal((await storage.tasks.summaryOf(user.id)).count, 1);
    });

    it('are remembered for a day, and not for longer when they are used again', async () => {
      const { storage, clock } = await open();
      const current = aGenerationAt(clock, 'first', 80 * hour);
      const { ref } = await signIn(storage, clock, { current });
      await create(storage, ref, request, 1);
      for (let use = 0; use < 3; use++) {
        clock.advance(8 * hour - 1 / 3);
        assert.equal((await create(storage, ref, request, 1)).id, 1);
      }
      clock.advance(hour + 2);
      assert.equal((await create(storage, ref, { ...request, key: 'other' }, 1)).id, 2);
    });

    it('are forgotten each in its own time', async () => {
      const { storage, clock } = await open();
      const current = aGenerationAt(clock, 'first', 80 * hour);
      const { ref } = await signIn(storage, clock, { current });
      await create(storage, ref, request);
      clock.advance(2 * hour);
      await create(storage, ref, { ...request, key: 'later' });
      clock.advance(23 * hour + 1);
      assert.equal((await create(storage, ref, { ...request, key: 'later' })).id, 2);
      assert.equal((await create(storage, ref, { ...request, key: 'last' }, 2)).id, 3);
    });

    it('are remembered, however many there are', async () => {
      const { storage, clock } = await open();
      const { ref } = await signIn(storage, clock);
      const createAll = () =>
        inPortions(120, async (index) => (await create(storage, ref, { ...request, key: `${index}` })).id);
      const ids = await createAll();
      assert.deepEqual(await createAll(), ids);
      assert.equal(new Set(ids).size, 120);
    });

    it('are not remembered where a limit was reached', async () => {
      const { storage, clock } = await open();
      const { ref } = await signIn(storage, clock);
      const none = { tasks: 1, bytes: 13, idempotencyKeys: 1 };
      for (const limits of [{ ...none, tasks: 0 }, none, { ...none, bytes: 100, idempotencyKeys: 0 }]) {
        await rejectionOf(createTask(storage, ref, aDraft(), { limits, idempotency: request }));
      }
      const other = { ...request, fingerprint: 'other' };
      assert.equal((await create(storage, ref, other, 1)).id, 1);
    });
  });
}

/** Creates a task with an idempotency key. */
function create(
  storage: Storage,
  by: SessionRef,
  idempotency: IdempotencyKey,
  idempotencyKeys = Infinity,
): Promise<Task> {
  return createTask(storage, by, aDraft(), { idempotency, limits: { ...unlimited, idempotencyKeys } });
}
