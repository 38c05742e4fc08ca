import assert from 'node:assert/strict';
import type { SessionRef } from '../application/ports/session-repository.js';
import type { Storage } from '../application/ports/storage.js';
import type { IdempotencyKey } from '../application/ports/task-repository.js';
import { assertIncludes } from './assertions.js';
import { maxPageBytes, type Page } from '../domain/page.js';
import type { Task, TaskChanges, TaskLimits } from '../domain/task.js';
import { rejectionOf } from './rejection.js';
import {
  aDraft,
  aGenerationAt,
  aSessionOf,
  createTask,
  openSession,
  refTo,
  signIn,
  signInWithUselessSessions,
  unlimited,
  updateTask,
} from './builders.js';
import { concurrently, race } from './concurrency.js';
import type { Suite } from './suite.js';

const all = { after: 0, limit: 1000 };
const rounds = 60;

/** Texts that some serialisations change. */
const difficultTexts = {
  slashes: 'a/b \\ c:\\d // </script>',
  quotes: `"double" 'single' \`back\``,
  'an emoji': '👍🏽 👩‍👩‍👧 é e\u0301',
  'control characters': 'tab\tbell\x07 escape\x1b CRLF\r\nunit\x1f',
  'line separators': 'a\u2028b\u2029c\u0085d',
  DEL: 'a\x7fb',
  'a byte order mark': '\ufeffa\ufffe\uffff',
  JSON: '{"id":7,"title":null} \\u0041 %d %s %',
  digits: '12345678901234567890.10e5',
  '100 kB': `${'ä"/'.repeat(25_000)}.`,
};

/** What every TaskRepository promises. */
export function taskRepositoryContract({ describe, it, open }: Suite): void {
  const openWithOwner = async (): Promise<{ storage: Storage; owner: SessionRef; bob: SessionRef }> => {
    const { storage, clock } = await open();
    const { ref: owner } = await signIn(storage, clock);
    const { ref: bob } = await signIn(storage, clock, { id: 'bobs' }, 'bob');
    return { storage, owner, bob };
  };

  describe('reading', () => {
    const reads: Record<string, (storage: Storage, session: SessionRef) => Promise<unknown>> = {
      'find a task': ({ tasks }, session) => tasks.find(session, 1),
      'list tasks': async ({ tasks }, session) => (await tasks.list(session, all)).tasks[0],
    };
    for (const [what, read] of Object.entries(reads)) {
      it(`lets an active session ${what}`, async () => {
        const { storage, owner } = await openWithOwner();
        const task = await createTask(storage, owner);
        assert.deepEqual(await read(storage, owner), task);
        await storage.tasks.remove(owner, task.id);
        assert.equal(await read(storage, owner), undefined);
      });

      it(`lets no ended, expired, unknown or foreign session ${what}, be there one or not`, async () => {
        const { storage, clock } = await open();
        const { ref, others } = await signInWithUselessSessions(storage, clock);
        const rejections = async () =>
          Promise.all(others.map((session) => rejectionOf(read(storage, session))));
        const revoked = others.map(() => 'token_revoked');
        assert.deepEqual(await rejections(), revoked);
        await createTask(storage, ref);
        assert.deepEqual(await rejections(), revoked);
      });
    }
  });

  describe('changing', () => {
    const changes: Record<string, (storage: Storage, session: SessionRef) => Promise<unknown>> = {
      'create a task': (storage, session) => createTask(storage, session),
      'update a task': (storage, session) => updateTask(storage, session, 1, { title: 'New' }),
      'remove a task': ({ tasks }, session) => tasks.remove(session, 1),
    };
    for (const [what, change] of Object.entries(changes)) {
      it(`lets an active session ${what}`, async () => {
        const { storage, owner } = await openWithOwner();
        const task = await createTask(storage, owner);
        await change(storage, owner);
        assert.notDeepEqual(await tasksOf(storage, owner, all), [task]);
      });

      it(`lets no ended, expired, unknown or foreign session ${what}`, async () => {
        const { storage, clock } = await open();
        const { ref, others } = await signInWithUselessSessions(storage, clock);
        const task = await createTask(storage, ref);

        for (const session of others) {
          assert.equal(await rejectionOf(change(storage, session)), 'token_revoked');
        }
        assert.deepEqual(await tasksOf(storage, ref, all), [task]);
      });
    }

    it('creates no task after a racing logout', async () => {
      const { storage, clock } = await open();
      const { user, ref: other } = await signIn(storage, clock, { id: 'other' });
      for (let round = 0; round < rounds; round++) {
        const session = refTo(user, `session-${round}`);
        await openSession(storage, aSessionOf(user, clock, { id: session.sessionId }), user);
        const creating = createTask(storage, session).then(
          () => undefined,
          () => undefined,
        );
        await storage.sessions.end(session);
        const tasks = await tasksOf(storage, other, all);
        await creating;
        assert.deepEqual(await tasksOf(storage, other, all), tasks);
      }
    });
  });

  describe('creating', () => {
    it('returns the created task with an id', async () => {
      const { storage, owner } = await openWithOwner();
      const task = await createTask(storage, owner, aDraft({ status: 'in-progress' }));
      assert.deepEqual(task, { id: 1, ...aDraft({ status: 'in-progress' }) });
      assert.deepEqual(await storage.tasks.find(owner, 1), task);
    });

    it('counts the ids up from 1 for each owner', async () => {
      const { storage, owner, bob } = await openWithOwner();
      assert.deepEqual(await createTasks(storage, owner, 3), [1, 2, 3]);
      assert.deepEqual(await createTasks(storage, bob, 2), [1, 2]);
    });

    it('uses no id twice, not even after the last task or all tasks were removed', async () => {
      const { storage, owner } = await openWithOwner();
      await createTasks(storage, owner, 3);
      await storage.tasks.remove(owner, 3);
      assert.deepEqual(await createTasks(storage, owner, 1), [4]);
      for (const id of [1, 2, 4]) await storage.tasks.remove(owner, id);
      assert.deepEqual(await createTasks(storage, owner, 1), [5]);
    });

    it('gives a hundred concurrent tasks the ids from 1 to 100', async () => {
      const { storage, owner } = await openWithOwner();
      const tasks = await concurrently(100, (index) =>
        createTask(storage, owner, aDraft({ title: `${index}` })),
      );
      const byId = tasks.toSorted((one, other) => one.id - other.id);
      assert.deepEqual(
        byId.map(({ id }) => id),
        numbers(100),
      );
      assert.deepEqual(await tasksOf(storage, owner, all), byId);
    });
  });

  describe('creating more than there may be', () => {
    it('rejects a task over the limit, until another one is removed', async () => {
      const { storage, owner } = await openWithOwner();
      const create = () => createTask(storage, owner, aDraft(), { limits: { ...unlimited, tasks: 2 } });
      const [first, second] = [await create(), await create()];
      assert.equal(await rejectionOf(create()), 'task_limit_reached');
      assert.deepEqual(await tasksOf(storage, owner, all), [first, second]);
      await storage.tasks.remove(owner, first.id);
      assertIncludes(await create(), { id: 3 });
      assert.equal(await rejectionOf(create()), 'task_limit_reached');
    });

    it('does not count the tasks of other users for the limit', async () => {
      const { storage, owner, bob } = await openWithOwner();
      await createTasks(storage, bob, 3);
      assertIncludes(await createTask(storage, owner, aDraft(), { limits: { ...unlimited, tasks: 1 } }), {
        id: 1,
      });
    });

    it('rejects exactly those of a hundred concurrent tasks for which the limit has no room', async () => {
      const { storage, owner } = await openWithOwner();
      await createTasks(storage, owner, 3);
      const rejections = await concurrently(100, () =>
        createTask(storage, owner, aDraft(), { limits: { ...unlimited, tasks: 20 } }).then(
          () => undefined,
          (error: unknown) => rejectionOf(Promise.reject(error)),
        ),
      );
      assert.equal(rejections.filter((rejection) => rejection === undefined).length, 17);
      assert.equal(rejections.filter((rejection) => rejection === 'task_limit_reached').length, 83);
      assert.equal((await tasksOf(storage, owner, all)).length, 20);
    });

    it('limits the bytes of titles and descriptions in UTF-8, to the byte', async () => {
      const { storage, owner } = await openWithOwner();
      const create = (title: string, description: string) =>
        createTask(storage, owner, aDraft({ title, description }), { limits: { ...unlimited, bytes: 20 } });
      await create('ä', '12345678'); // 10 bytes
      assert.equal(await rejectionOf(create('👍', '1234567')), 'byte_limit_reached');
      await create('👍', '123456');
      assert.equal(await rejectionOf(create('a', 'b')), 'byte_limit_reached');
      await storage.tasks.remove(owner, 1);
      assertIncludes(await create('12345', '67890'), { id: 3 });
    });

    it('rejects exactly those of fifty concurrent tasks for whose bytes the limit has no room', async () => {
      const { storage, owner } = await openWithOwner();
      const rejections = await concurrently(50, () =>
        createTask(storage, owner, aDraft(), { limits: { ...unlimited, bytes: 20 * 14 + 13 } }).then(
          () => undefined,
          (error: unknown) => rejectionOf(Promise.reject(error)),
        ),
      );
      assert.equal(rejections.filter((rejection) => rejection === undefined).length, 20);
      assert.equal(rejections.filter((rejection) => rejection === 'byte_limit_reached').length, 30);
    });

    it('reports an ended session before a reached limit', async () => {
      const { storage, clock } = await open();
      const { ref } = await signIn(storage, clock);
      await storage.sessions.end(ref);
      const creating = createTask(storage, ref, aDraft(), { limits: { ...unlimited, tasks: 0 } });
      assert.equal(await rejectionOf(creating), 'token_revoked');
    });
  });

  describe('creating with an idempotency key', () => {
    const request = { key: 'k'.repeat(43), fingerprint: 'f'.repeat(43) };
    const create = (
      storage: Storage,
      owner: SessionRef,
      idempotency: IdempotencyKey = request,
      limits?: TaskLimits,
    ) => createTask(storage, owner, aDraft(), { idempotency, ...(limits && { limits }) });

    it('creates one task per idempotency key, and returns it as it was created, whatever became of it', async () => {
      const { storage, owner } = await openWithOwner();
      const task = await create(storage, owner);
      assert.deepEqual(task, { id: 1, ...aDraft() });
      assert.deepEqual(await create(storage, owner), task);
      assert.deepEqual(await tasksOf(storage, owner, all), [task]);
      await updateTask(storage, owner, 1, { title: 'new' });
      assert.deepEqual(await create(storage, owner), task);
      await storage.tasks.remove(owner, 1);
      assert.deepEqual(await create(storage, owner), task);
      assert.deepEqual(await tasksOf(storage, owner, all), []);
    });

    it('creates one task for a hundred concurrent calls with the same idempotency key', async () => {
      const { storage, owner } = await openWithOwner();
      const tasks = await concurrently(100, () => create(storage, owner));
      assert.deepEqual(new Set(tasks.map(({ id }) => id)), new Set([1]));
      assert.equal((await tasksOf(storage, owner, all)).length, 1);
    });

    it('rejects an idempotency key that was used for another request, and only then', async () => {
      const { storage, owner, bob } = await openWithOwner();
      await create(storage, owner);
      const other = { ...request, fingerprint: 'g'.repeat(43) };
      assert.equal(await rejectionOf(create(storage, owner, other)), 'idempotency_key_reused');
      assertIncludes(await create(storage, owner, { ...request, key: 'l'.repeat(43) }), { id: 2 });
      assertIncludes(await create(storage, bob, other), { id: 1 });
      assertIncludes(await createTask(storage, owner), { id: 3 });
    });

    it('needs an active session for a repeated request, too', async () => {
      const { storage, clock } = await open();
      const { ref } = await signIn(storage, clock);
      await create(storage, ref);
      await storage.sessions.end(ref);
      assert.equal(await rejectionOf(create(storage, ref)), 'token_revoked');
    });

    it('remembers an idempotency key only if a task was created', async () => {
      const { storage, owner } = await openWithOwner();
      assert.equal(
        await rejectionOf(create(storage, owner, request, { ...unlimited, tasks: 0 })),
        'task_limit_reached',
      );
      assert.equal(await rejectionOf(create(storage, { ...owner, sessionId: 'unknown' })), 'token_revoked');
      assertIncludes(await create(storage, owner, request, { ...unlimited, tasks: 1 }), {
        id: 1,
      });
      assertIncludes(await create(storage, owner, request, { ...unlimited, tasks: 1 }), {
        id: 1,
      });
    });
  });

  describe('remembering idempotency keys', () => {
    const limits = { ...unlimited, idempotencyKeys: 3 };
    const create = (storage: Storage, owner: SessionRef, key: string) =>
      createTask(storage, owner, aDraft(), {
        limits,
        idempotency: { key: key.repeat(43), fingerprint: 'f' },
      });

    it('remembers as many idempotency keys as the limit allows, and still returns the tasks of those', async () => {
      const { storage, owner, bob } = await openWithOwner();
      for (const key of ['a', 'b', 'b', 'c']) await create(storage, owner, key);
      assert.equal(await rejectionOf(create(storage, owner, 'd')), 'idempotency_key_limit_reached');
      assertIncludes(await create(storage, owner, 'a'), { id: 1 });
      assertIncludes(await create(storage, bob, 'd'), { id: 1 });
      assertIncludes(await createTask(storage, owner, aDraft(), { limits }), { id: 4 });
      await storage.tasks.remove(owner, 1);
      assert.equal(await rejectionOf(create(storage, owner, 'd')), 'idempotency_key_limit_reached');
    });

    it('takes new idempotency keys when the first ones are a day and an hour old', async () => {
      const { storage, clock } = await open();
      const current = aGenerationAt(clock, 'first', 3 * 86_400);
      const { ref: owner } = await signIn(storage, clock, { current });
      await create(storage, owner, 'a');
      clock.advance(7200);
      for (const key of ['b', 'c']) await create(storage, owner, key);
      clock.advance(86_400 - 7200 - 1);
      assert.equal(await rejectionOf(create(storage, owner, 'd')), 'idempotency_key_limit_reached');
      clock.advance(3601);
      await create(storage, owner, 'd');
      assert.equal(await rejectionOf(create(storage, owner, 'e')), 'idempotency_key_limit_reached');
      clock.advance(7200);
      for (const key of ['e', 'f']) await create(storage, owner, key);
      assert.equal(await rejectionOf(create(storage, owner, 'g')), 'idempotency_key_limit_reached');
    });

    it('takes exactly as many of fifty concurrent idempotency keys as the limit allows', async () => {
      const { storage, owner } = await openWithOwner();
      const rejections = await concurrently(50, (index) =>
        create(storage, owner, `${index}.`).then(
          () => undefined,
          (error: unknown) => rejectionOf(Promise.reject(error)),
        ),
      );
      assert.equal(rejections.filter((rejection) => rejection === undefined).length, 3);
      assert.equal(
        rejections.filter((rejection) => rejection === 'idempotency_key_limit_reached').length,
        47,
      );
      assert.equal((await tasksOf(storage, owner, all)).length, 3);
    });
  });

  describe('listing', () => {
    it('lists the tasks ordered by id, changed ones in their places', async () => {
      const { storage, owner } = await openWithOwner();
      await createTasks(storage, owner, 12);
      await updateTask(storage, owner, 2, { title: 'zzz' });
      await updateTask(storage, owner, 11, { title: 'aaa' });
      const tasks = await tasksOf(storage, owner, all);
      assert.deepEqual(
        tasks.map(({ id }) => id),
        numbers(12),
      );
      assertIncludes(tasks[1], { id: 2, title: 'zzz' });
    });

    it('lists no tasks where there are none', async () => {
      const { storage, owner } = await openWithOwner();
      assert.deepEqual(await tasksOf(storage, owner, all), []);
    });

    it('lists tasks in pages that are full except for the last one', async () => {
      const { storage, owner } = await openWithOwner();
      await createTasks(storage, owner, 12);
      for (const id of [1, 4, 5, 6, 7]) await storage.tasks.remove(owner, id);
      assert.deepEqual(await idsOn(storage, owner, { after: 0, limit: 3 }), [2, 3, 8]);
      assert.deepEqual(await idsOn(storage, owner, { after: 8, limit: 3 }), [9, 10, 11]);
      assert.deepEqual(await idsOn(storage, owner, { after: 11, limit: 3 }), [12]);
      assert.deepEqual(await idsOn(storage, owner, { after: 12, limit: 3 }), []);
    });

    it('reports whether more tasks follow a page', async () => {
      const { storage, owner } = await openWithOwner();
      await createTasks(storage, owner, 3);
      const hasMore = async (after: number, limit: number) =>
        (await storage.tasks.list(owner, { after, limit })).hasMore;
      assert.deepEqual([await hasMore(0, 2), await hasMore(1, 1)], [true, true]);
      assert.deepEqual(
        [await hasMore(0, 3), await hasMore(1, 2), await hasMore(3, 1)],
        [false, false, false],
      );
    });

    it('ends a page with the task that makes its texts exceed a megabyte', async () => {
      const { storage, owner } = await openWithOwner();
      const sizes = [...Array.from({ length: 25 }, () => 100_000), 10, 2 * maxPageBytes, 10, 10];
      for (const size of sizes) {
        await createTask(storage, owner, aDraft({ description: 'ä'.repeat(size / 2) }));
      }
      const pages: number[][] = [];
      for (let after = 0, hasMore = true; hasMore; after = pages.at(-1)?.at(-1) ?? NaN) {
        const page = await storage.tasks.list(owner, { after, limit: 1000 });
        pages.push(page.tasks.map(({ id }) => id));
        hasMore = page.hasMore;
        const bytes = page.tasks.map(({ description }) => Buffer.byteLength(description));
        const sum = bytes.reduce((total, size) => total + size, 0);
        assert.ok(sum - (bytes.at(-1) ?? 0) <= maxPageBytes);
        if (hasMore) assert.ok(sum > maxPageBytes * 0.95);
      }
      assert.deepEqual(pages.flat(), numbers(sizes.length));
      assert.deepEqual(pages.at(-1), [28, 29]);
    });

    it('continues where a page ended, whatever was created and removed concurrently', async () => {
      const { storage, owner } = await openWithOwner();
      await createTasks(storage, owner, 6);
      assert.deepEqual(await idsOn(storage, owner, { after: 0, limit: 3 }), [1, 2, 3]);
      await storage.tasks.remove(owner, 1);
      await storage.tasks.remove(owner, 3);
      await createTasks(storage, owner, 1);
      assert.deepEqual(await idsOn(storage, owner, { after: 3, limit: 3 }), [4, 5, 6]);
      assert.deepEqual(await idsOn(storage, owner, { after: 6, limit: 3 }), [7]);
    });

    it('lists every lasting task exactly once while others are created and removed between pages', async () => {
      const { storage, owner } = await openWithOwner();
      const ids = await createTasks(storage, owner, 200);
      const staying = ids.filter((id) => id % 3 === 0);
      const comeAndGo = async (): Promise<void> => {
        for (const id of ids.filter((each) => !staying.includes(each))) {
          await Promise.all([storage.tasks.remove(owner, id), createTasks(storage, owner, 1)]);
        }
      };
      const coming = comeAndGo();
      const seen: number[] = [];
      for (let page = await idsOn(storage, owner, { after: 0, limit: 5 }); page.length > 0;) {
        seen.push(...page);
        page = await idsOn(storage, owner, { after: page.at(-1) ?? 0, limit: 5 });
      }
      await coming;
      assert.deepEqual(
        seen,
        [...new Set(seen)].toSorted((one, other) => one - other),
      );
      assert.deepEqual(
        staying.filter((id) => !seen.includes(id)),
        [],
      );
    });

    it('lists no tasks after the last id, however far', async () => {
      const { storage, owner } = await openWithOwner();
      await createTasks(storage, owner, 2);
      assert.deepEqual(await idsOn(storage, owner, { after: Number.MAX_SAFE_INTEGER, limit: 1000 }), []);
    });

    it('returns a snapshot of the list, which later changes do not alter', async () => {
      const { storage, owner } = await openWithOwner();
      await createTasks(storage, owner, 2);
      const tasks = await tasksOf(storage, owner, all);
      const then = structuredClone(tasks);
      await createTasks(storage, owner, 1);
      await updateTask(storage, owner, 1, { title: 'new' });
      await storage.tasks.remove(owner, 2);
      assert.deepEqual(tasks, then);
    });

    it('lists every task as it is found alone, whether tasks are few, many or long', async () => {
      const { storage, owner } = await openWithOwner();
      const expected: (Task | undefined)[] = [];
      for (const [count, description] of [
        [3, 'short'],
        [29, 'short'],
        [1, 'short'],
        [40, 'x'.repeat(500)],
        [2, difficultTexts['100 kB']],
      ] as const) {
        for (let i = 0; i < count; i++) {
          const { id } = await createTask(storage, owner, aDraft({ description }));
          expected.push(await storage.tasks.find(owner, id));
        }
        assert.deepEqual(await tasksOf(storage, owner, all), expected);
        const page = { after: expected.length - 3, limit: 2 };
        assert.deepEqual(await tasksOf(storage, owner, page), expected.slice(-3, -1));
      }
    });
  });

  describe('updating', () => {
    const everySubset: TaskChanges[] = [
      {},
      { title: 'new' },
      { description: 'new' },
      { status: 'completed' },
      { title: 'new', description: 'new' },
      { title: 'new', status: 'completed' },
      { description: 'new', status: 'completed' },
      { title: 'new', description: 'new', status: 'completed' },
    ];
    for (const changes of everySubset) {
      it(`sets ${Object.keys(changes).join(' and ') || 'nothing'} and nothing else`, async () => {
        const { storage, owner } = await openWithOwner();
        const task = await createTask(storage, owner);
        const untouched = await createTask(storage, owner);
        const updated = await updateTask(storage, owner, task.id, changes);
        assert.deepEqual(updated, { ...task, ...changes });
        assert.deepEqual(await tasksOf(storage, owner, all), [updated, untouched]);
      });
    }

    it('rejects an update that makes all texts exceed the limit of bytes, and only such a one', async () => {
      const { storage, owner } = await openWithOwner();
      for (let i = 0; i < 2; i++) {
        await createTask(storage, owner, aDraft({ title: 'a', description: '123456789' }));
      }
      const update = (changes: TaskChanges, maxBytes = 20) =>
        updateTask(storage, owner, 1, changes, { maxBytes });
      assert.equal(await rejectionOf(update({ title: 'bc' })), 'byte_limit_reached');
      assertIncludes(await update({ status: 'completed', title: 'b' }), { title: 'b' });
      assert.equal(await rejectionOf(update({ title: 'bc', description: 'ä2345678' })), 'byte_limit_reached');
      assertIncludes(await update({ title: 'bc', description: 'ä234567' }), { title: 'bc' });
      // Less than before, but more than the limit now.
      assertIncludes(await update({ description: '1234' }, 5), { description: '1234' });
      assert.equal(await rejectionOf(update({ description: '12345' }, 5)), 'byte_limit_reached');
    });

    it('counts the bytes of updates, creations and removals exactly', async () => {
      const { storage, owner } = await openWithOwner();
      await concurrently(60, async (index) => {
        const { id } = await createTask(storage, owner, aDraft({ description: 'x'.repeat(1 + index) }));
        await Promise.all([
          updateTask(storage, owner, id, { title: 'ä'.repeat(index + 1) }),
          updateTask(storage, owner, id, { description: 'y'.repeat(200 - index) }),
          index % 3 === 0 && storage.tasks.remove(owner, id),
          index % 3 === 0 && storage.tasks.remove(owner, id),
        ]);
      });
      const texts = (await tasksOf(storage, owner, all)).map(({ title, description }) => title + description);
      const bytes = Buffer.byteLength(texts.join('')) + 2;
      const create = (limit: number) =>
        createTask(storage, owner, aDraft({ title: 'a', description: 'b' }), {
          limits: { ...unlimited, bytes: limit },
        });
      assert.equal(await rejectionOf(create(bytes - 1)), 'byte_limit_reached');
      await create(bytes);
    });

    it('updates no task that was removed or never created', async () => {
      const { storage, owner } = await openWithOwner();
      await createTasks(storage, owner, 1);
      await storage.tasks.remove(owner, 1);
      assert.equal(await updateTask(storage, owner, 1, { title: 'new' }), undefined);
      assert.equal(await updateTask(storage, owner, 2, {}), undefined);
      assert.deepEqual(await tasksOf(storage, owner, all), []);
    });

    it('does not alter a task that was returned before an update', async () => {
      const { storage, owner } = await openWithOwner();
      const created = await createTask(storage, owner);
      const found = await storage.tasks.find(owner, created.id);
      await updateTask(storage, owner, created.id, { title: 'new' });
      assertIncludes(created, aDraft());
      assertIncludes(found, aDraft());
    });

    it('keeps concurrent updates of different fields', async () => {
      const { storage, owner } = await openWithOwner();
      const { id } = await createTask(storage, owner);
      for (let round = 0; round < rounds; round++) {
        const [title, description] = [`title ${round}`, `description ${round}`];
        const status = round % 2 === 0 ? 'completed' : 'pending';
        await Promise.all([
          race(round, [
            () => updateTask(storage, owner, id, { title }),
            () => updateTask(storage, owner, id, { description }),
          ]),
          updateTask(storage, owner, id, { status }),
        ]);
        assert.deepEqual(await storage.tasks.find(owner, id), { id, title, description, status });
      }
    });

    it('does not bring a task back that is removed concurrently with an update', async () => {
      const { storage, owner } = await openWithOwner();
      for (let round = 0; round < rounds; round++) {
        const { id } = await createTask(storage, owner);
        await race(round, [
          () => updateTask(storage, owner, id, { title: 'new' }),
          () => storage.tasks.remove(owner, id),
        ]);
        assert.equal(await storage.tasks.find(owner, id), undefined);
      }
      assert.deepEqual(await tasksOf(storage, owner, all), []);
    });
  });

  describe('removing', () => {
    it('removes the task and no other', async () => {
      const { storage, owner } = await openWithOwner();
      await createTasks(storage, owner, 3);
      assert.equal(await storage.tasks.remove(owner, 2), true);
      assert.equal(await storage.tasks.find(owner, 2), undefined);
      const left = await tasksOf(storage, owner, all);
      assert.deepEqual(
        left.map(({ id }) => id),
        [1, 3],
      );
    });

    it('reports that there is no task to remove the second time, or where there was none', async () => {
      const { storage, owner } = await openWithOwner();
      await createTasks(storage, owner, 1);
      await storage.tasks.remove(owner, 1);
      assert.equal(await storage.tasks.remove(owner, 1), false);
      assert.equal(await storage.tasks.remove(owner, 2), false);
    });

    it('removes a task in exactly one of fifty concurrent calls', async () => {
      const { storage, owner } = await openWithOwner();
      await createTasks(storage, owner, 1);
      const results = await concurrently(50, () => storage.tasks.remove(owner, 1));
      assert.equal(results.filter((removed) => removed).length, 1);
    });
  });

  it("keeps users from each other's tasks", async () => {
    const { storage, owner, bob } = await openWithOwner();
    await createTasks(storage, bob, 1);
    const [bobsTask] = await tasksOf(storage, bob, all);
    await createTasks(storage, owner, 2);
    const tasks = await tasksOf(storage, owner, all);

    assert.equal(await storage.tasks.find(bob, 2), undefined);
    assert.equal(await updateTask(storage, bob, 2, { title: 'new' }), undefined);
    assert.equal(await storage.tasks.remove(bob, 2), false);
    assert.deepEqual(await tasksOf(storage, bob, all), [bobsTask]);
    await updateTask(storage, bob, 1, { title: 'new' });
    await storage.tasks.remove(bob, 1);
    assert.deepEqual(await tasksOf(storage, owner, all), tasks);
  });

  it('finds no task for ids that no task can have', async () => {
    const { storage, owner } = await openWithOwner();
    await createTasks(storage, owner, 1);
    for (const id of [0, -1, 2 ** 31, Number.MAX_SAFE_INTEGER]) {
      assert.equal(await storage.tasks.find(owner, id), undefined);
      assert.equal(await updateTask(storage, owner, id, { title: 'new' }), undefined);
      assert.equal(await storage.tasks.remove(owner, id), false);
    }
  });

  for (const [what, text] of Object.entries(difficultTexts)) {
    it(`keeps ${what} unchanged through creation and updates, conditional ones too`, async () => {
      const { storage, owner } = await openWithOwner();
      const task = await createTask(storage, owner, aDraft({ title: text, description: text }));
      assertIncludes(task, { title: text, description: text });

      // In some storages, an update of another field rewrites the text.
      const completed = await updateTask(storage, owner, task.id, { status: 'completed' });
      assert.deepEqual(completed, { ...task, status: 'completed' });
      const [title, description] = [`${text}!`, `!${text}`];
      await updateTask(storage, owner, task.id, { title });
      const updated = await updateTask(storage, owner, task.id, { description });
      assert.deepEqual(updated, { id: task.id, title, description, status: 'completed' });
      assert.deepEqual(await storage.tasks.find(owner, task.id), updated);
      assert.deepEqual(await tasksOf(storage, owner, all), [updated]);
      const again = await updateTask(storage, owner, task.id, { title: 'new' }, { expected: updated });
      assert.deepEqual(again, { ...updated, title: 'new' });
      assert.equal(await storage.tasks.remove(owner, task.id, again), true);
    });
  }
}

/** Creates `count` tasks one after another; returns their ids. */
async function createTasks(storage: Storage, owner: SessionRef, count: number): Promise<number[]> {
  const ids: number[] = [];
  while (ids.length < count) ids.push((await createTask(storage, owner)).id);
  return ids;
}

async function idsOn({ tasks }: Storage, owner: SessionRef, page: Page): Promise<number[]> {
  return (await tasks.list(owner, page)).tasks.map(({ id }) => id);
}

async function tasksOf({ tasks }: Storage, owner: SessionRef, page: Page): Promise<readonly Task[]> {
  return (await tasks.list(owner, page)).tasks;
}

function numbers(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}
