import { expect } from 'chai';
import type { SessionRef } from '../../src/application/ports/session-repository.js';
import type { Storage } from '../../src/application/ports/storage.js';
import type { IdempotencyKey } from '../../src/application/ports/task-repository.js';
import { maxPageBytes, type Page } from '../../src/domain/page.js';
import type { Task, TaskChanges, TaskLimits } from '../../src/domain/task.js';
import { rejectionOf } from '../support/rejection.js';
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
import type { OpenStorage } from './open-storage.js';

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
export function taskRepositoryContract(open: OpenStorage): void {
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
        expect(await read(storage, owner)).to.deep.equal(task);
        await storage.tasks.remove(owner, task.id);
        expect(await read(storage, owner)).to.equal(undefined);
      });

      it(`lets no ended, expired, unknown or foreign session ${what}, be there one or not`, async () => {
        const { storage, clock } = await open();
        const { ref, others } = await signInWithUselessSessions(storage, clock);
        const rejections = async () =>
          Promise.all(others.map((session) => rejectionOf(read(storage, session))));
        const revoked = others.map(() => 'token_revoked');
        expect(await rejections()).to.deep.equal(revoked);
        await createTask(storage, ref);
        expect(await rejections()).to.deep.equal(revoked);
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
        expect(await tasksOf(storage, owner, all)).to.not.deep.equal([task]);
      });

      it(`lets no ended, expired, unknown or foreign session ${what}`, async () => {
        const { storage, clock } = await open();
        const { ref, others } = await signInWithUselessSessions(storage, clock);
        const task = await createTask(storage, ref);

        for (const session of others) {
          expect(await rejectionOf(change(storage, session))).to.equal('token_revoked');
        }
        expect(await tasksOf(storage, ref, all)).to.deep.equal([task]);
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
        expect(await tasksOf(storage, other, all)).to.deep.equal(tasks);
      }
    });
  });

  describe('creating', () => {
    it('returns the created task with an id', async () => {
      const { storage, owner } = await openWithOwner();
      const task = await createTask(storage, owner, aDraft({ status: 'in-progress' }));
      expect(task).to.deep.equal({ id: 1, ...aDraft({ status: 'in-progress' }) });
      expect(await storage.tasks.find(owner, 1)).to.deep.equal(task);
    });

    it('counts the ids up from 1 for each owner', async () => {
      const { storage, owner, bob } = await openWithOwner();
      expect(await createTasks(storage, owner, 3)).to.deep.equal([1, 2, 3]);
      expect(await createTasks(storage, bob, 2)).to.deep.equal([1, 2]);
    });

    it('uses no id twice, not even after the last task or all tasks were removed', async () => {
      const { storage, owner } = await openWithOwner();
      await createTasks(storage, owner, 3);
      await storage.tasks.remove(owner, 3);
      expect(await createTasks(storage, owner, 1)).to.deep.equal([4]);
      for (const id of [1, 2, 4]) await storage.tasks.remove(owner, id);
      expect(await createTasks(storage, owner, 1)).to.deep.equal([5]);
    });

    it('gives a hundred concurrent tasks the ids from 1 to 100', async () => {
      const { storage, owner } = await openWithOwner();
      const tasks = await concurrently(100, (index) =>
        createTask(storage, owner, aDraft({ title: `${index}` })),
      );
      const byId = tasks.toSorted((one, other) => one.id - other.id);
      expect(byId.map(({ id }) => id)).to.deep.equal(numbers(100));
      expect(await tasksOf(storage, owner, all)).to.deep.equal(byId);
    });
  });

  describe('creating more than there may be', () => {
    it('rejects a task over the limit, until another one is removed', async () => {
      const { storage, owner } = await openWithOwner();
      const create = () => createTask(storage, owner, aDraft(), { limits: { ...unlimited, tasks: 2 } });
      const [first, second] = [await create(), await create()];
      expect(await rejectionOf(create())).to.equal('task_limit_reached');
      expect(await tasksOf(storage, owner, all)).to.deep.equal([first, second]);
      await storage.tasks.remove(owner, first.id);
      expect(await create()).to.include({ id: 3 });
      expect(await rejectionOf(create())).to.equal('task_limit_reached');
    });

    it('does not count the tasks of other users for the limit', async () => {
      const { storage, owner, bob } = await openWithOwner();
      await createTasks(storage, bob, 3);
      expect(await createTask(storage, owner, aDraft(), { limits: { ...unlimited, tasks: 1 } })).to.include({
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
      expect(rejections.filter((rejection) => rejection === undefined)).to.have.length(17);
      expect(rejections.filter((rejection) => rejection === 'task_limit_reached')).to.have.length(83);
      expect(await tasksOf(storage, owner, all)).to.have.length(20);
    });

    it('limits the bytes of titles and descriptions in UTF-8, to the byte', async () => {
      const { storage, owner } = await openWithOwner();
      const create = (title: string, description: string) =>
        createTask(storage, owner, aDraft({ title, description }), { limits: { ...unlimited, bytes: 20 } });
      await create('ä', '12345678'); // 10 bytes
      expect(await rejectionOf(create('👍', '1234567'))).to.equal('byte_limit_reached');
      await create('👍', '123456');
      expect(await rejectionOf(create('a', 'b'))).to.equal('byte_limit_reached');
      await storage.tasks.remove(owner, 1);
      expect(await create('12345', '67890')).to.include({ id: 3 });
    });

    it('rejects exactly those of fifty concurrent tasks for whose bytes the limit has no room', async () => {
      const { storage, owner } = await openWithOwner();
      const rejections = await concurrently(50, () =>
        createTask(storage, owner, aDraft(), { limits: { ...unlimited, bytes: 20 * 14 + 13 } }).then(
          () => undefined,
          (error: unknown) => rejectionOf(Promise.reject(error)),
        ),
      );
      expect(rejections.filter((rejection) => rejection === undefined)).to.have.length(20);
      expect(rejections.filter((rejection) => rejection === 'byte_limit_reached')).to.have.length(30);
    });

    it('reports an ended session before a reached limit', async () => {
      const { storage, clock } = await open();
      const { ref } = await signIn(storage, clock);
      await storage.sessions.end(ref);
      const creating = createTask(storage, ref, aDraft(), { limits: { ...unlimited, tasks: 0 } });
      expect(await rejectionOf(creating)).to.equal('token_revoked');
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
      expect(task).to.deep.equal({ id: 1, ...aDraft() });
      expect(await create(storage, owner)).to.deep.equal(task);
      expect(await tasksOf(storage, owner, all)).to.deep.equal([task]);
      await updateTask(storage, owner, 1, { title: 'new' });
      expect(await create(storage, owner)).to.deep.equal(task);
      await storage.tasks.remove(owner, 1);
      expect(await create(storage, owner)).to.deep.equal(task);
      expect(await tasksOf(storage, owner, all)).to.deep.equal([]);
    });

    it('creates one task for a hundred concurrent calls with the same idempotency key', async () => {
      const { storage, owner } = await openWithOwner();
      const tasks = await concurrently(100, () => create(storage, owner));
      expect(new Set(tasks.map(({ id }) => id))).to.deep.equal(new Set([1]));
      expect(await tasksOf(storage, owner, all)).to.have.length(1);
    });

    it('rejects an idempotency key that was used for another request, and only then', async () => {
      const { storage, owner, bob } = await openWithOwner();
      await create(storage, owner);
      const other = { ...request, fingerprint: 'g'.repeat(43) };
      expect(await rejectionOf(create(storage, owner, other))).to.equal('idempotency_key_reused');
      expect(await create(storage, owner, { ...request, key: 'l'.repeat(43) })).to.include({ id: 2 });
      expect(await create(storage, bob, other)).to.include({ id: 1 });
      expect(await createTask(storage, owner)).to.include({ id: 3 });
    });

    it('needs an active session for a repeated request, too', async () => {
      const { storage, clock } = await open();
      const { ref } = await signIn(storage, clock);
      await create(storage, ref);
      await storage.sessions.end(ref);
      expect(await rejectionOf(create(storage, ref))).to.equal('token_revoked');
    });

    it('remembers an idempotency key only if a task was created', async () => {
      const { storage, owner } = await openWithOwner();
      expect(await rejectionOf(create(storage, owner, request, { ...unlimited, tasks: 0 }))).to.equal(
        'task_limit_reached',
      );
      expect(await rejectionOf(create(storage, { ...owner, sessionId: 'unknown' }))).to.equal(
        'token_revoked',
      );
      expect(await create(storage, owner, request, { ...unlimited, tasks: 1 })).to.include({
        id: 1,
      });
      expect(await create(storage, owner, request, { ...unlimited, tasks: 1 })).to.include({
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
      expect(await rejectionOf(create(storage, owner, 'd'))).to.equal('idempotency_key_limit_reached');
      expect(await create(storage, owner, 'a')).to.include({ id: 1 });
      expect(await create(storage, bob, 'd')).to.include({ id: 1 });
      expect(await createTask(storage, owner, aDraft(), { limits })).to.include({ id: 4 });
      await storage.tasks.remove(owner, 1);
      expect(await rejectionOf(create(storage, owner, 'd'))).to.equal('idempotency_key_limit_reached');
    });

    it('takes new idempotency keys when the first ones are a day and an hour old', async () => {
      const { storage, clock } = await open();
      const current = aGenerationAt(clock, 'first', 3 * 86_400);
      const { ref: owner } = await signIn(storage, clock, { current });
      await create(storage, owner, 'a');
      clock.advance(7200);
      for (const key of ['b', 'c']) await create(storage, owner, key);
      clock.advance(86_400 - 7200 - 1);
      expect(await rejectionOf(create(storage, owner, 'd'))).to.equal('idempotency_key_limit_reached');
      clock.advance(3601);
      await create(storage, owner, 'd');
      expect(await rejectionOf(create(storage, owner, 'e'))).to.equal('idempotency_key_limit_reached');
      clock.advance(7200);
      for (const key of ['e', 'f']) await create(storage, owner, key);
      expect(await rejectionOf(create(storage, owner, 'g'))).to.equal('idempotency_key_limit_reached');
    });

    it('takes exactly as many of fifty concurrent idempotency keys as the limit allows', async () => {
      const { storage, owner } = await openWithOwner();
      const rejections = await concurrently(50, (index) =>
        create(storage, owner, `${index}.`).then(
          () => undefined,
          (error: unknown) => rejectionOf(Promise.reject(error)),
        ),
      );
      expect(rejections.filter((rejection) => rejection === undefined)).to.have.length(3);
      expect(rejections.filter((rejection) => rejection === 'idempotency_key_limit_reached')).to.have.length(
        47,
      );
      expect(await tasksOf(storage, owner, all)).to.have.length(3);
    });
  });

  describe('listing', () => {
    it('lists the tasks ordered by id, changed ones in their places', async () => {
      const { storage, owner } = await openWithOwner();
      await createTasks(storage, owner, 12);
      await updateTask(storage, owner, 2, { title: 'zzz' });
      await updateTask(storage, owner, 11, { title: 'aaa' });
      const tasks = await tasksOf(storage, owner, all);
      expect(tasks.map(({ id }) => id)).to.deep.equal(numbers(12));
      expect(tasks[1]).to.include({ id: 2, title: 'zzz' });
    });

    it('lists no tasks where there are none', async () => {
      const { storage, owner } = await openWithOwner();
      expect(await tasksOf(storage, owner, all)).to.deep.equal([]);
    });

    it('lists tasks in pages that are full except for the last one', async () => {
      const { storage, owner } = await openWithOwner();
      await createTasks(storage, owner, 12);
      for (const id of [1, 4, 5, 6, 7]) await storage.tasks.remove(owner, id);
      expect(await idsOn(storage, owner, { after: 0, limit: 3 })).to.deep.equal([2, 3, 8]);
      expect(await idsOn(storage, owner, { after: 8, limit: 3 })).to.deep.equal([9, 10, 11]);
      expect(await idsOn(storage, owner, { after: 11, limit: 3 })).to.deep.equal([12]);
      expect(await idsOn(storage, owner, { after: 12, limit: 3 })).to.deep.equal([]);
    });

    it('reports whether more tasks follow a page', async () => {
      const { storage, owner } = await openWithOwner();
      await createTasks(storage, owner, 3);
      const hasMore = async (after: number, limit: number) =>
        (await storage.tasks.list(owner, { after, limit })).hasMore;
      expect([await hasMore(0, 2), await hasMore(1, 1)]).to.deep.equal([true, true]);
      expect([await hasMore(0, 3), await hasMore(1, 2), await hasMore(3, 1)]).to.deep.equal([
        false,
        false,
        false,
      ]);
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
        expect(sum - (bytes.at(-1) ?? 0)).to.be.at.most(maxPageBytes);
        if (hasMore) expect(sum).to.be.above(maxPageBytes * 0.95);
      }
      expect(pages.flat()).to.deep.equal(numbers(sizes.length));
      expect(pages.at(-1)).to.deep.equal([28, 29]);
    });

    it('continues where a page ended, whatever was created and removed concurrently', async () => {
      const { storage, owner } = await openWithOwner();
      await createTasks(storage, owner, 6);
      expect(await idsOn(storage, owner, { after: 0, limit: 3 })).to.deep.equal([1, 2, 3]);
      await storage.tasks.remove(owner, 1);
      await storage.tasks.remove(owner, 3);
      await createTasks(storage, owner, 1);
      expect(await idsOn(storage, owner, { after: 3, limit: 3 })).to.deep.equal([4, 5, 6]);
      expect(await idsOn(storage, owner, { after: 6, limit: 3 })).to.deep.equal([7]);
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
      expect(seen).to.deep.equal([...new Set(seen)].toSorted((one, other) => one - other));
      expect(seen).to.include.members(staying);
    });

    it('lists no tasks after the last id, however far', async () => {
      const { storage, owner } = await openWithOwner();
      await createTasks(storage, owner, 2);
      expect(await idsOn(storage, owner, { after: Number.MAX_SAFE_INTEGER, limit: 1000 })).to.deep.equal([]);
    });

    it('returns a snapshot of the list, which later changes do not alter', async () => {
      const { storage, owner } = await openWithOwner();
      await createTasks(storage, owner, 2);
      const tasks = await tasksOf(storage, owner, all);
      const then = structuredClone(tasks);
      await createTasks(storage, owner, 1);
      await updateTask(storage, owner, 1, { title: 'new' });
      await storage.tasks.remove(owner, 2);
      expect(tasks).to.deep.equal(then);
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
        expect(await tasksOf(storage, owner, all)).to.deep.equal(expected);
        const page = { after: expected.length - 3, limit: 2 };
        expect(await tasksOf(storage, owner, page)).to.deep.equal(expected.slice(-3, -1));
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
        expect(updated).to.deep.equal({ ...task, ...changes });
        expect(await tasksOf(storage, owner, all)).to.deep.equal([updated, untouched]);
      });
    }

    it('rejects an update that makes all texts exceed the limit of bytes, and only such a one', async () => {
      const { storage, owner } = await openWithOwner();
      for (let i = 0; i < 2; i++) {
        await createTask(storage, owner, aDraft({ title: 'a', description: '123456789' }));
      }
      const update = (changes: TaskChanges, maxBytes = 20) =>
        updateTask(storage, owner, 1, changes, { maxBytes });
      expect(await rejectionOf(update({ title: 'bc' }))).to.equal('byte_limit_reached');
      expect(await update({ status: 'completed', title: 'b' })).to.include({ title: 'b' });
      expect(await rejectionOf(update({ title: 'bc', description: 'ä2345678' }))).to.equal(
        'byte_limit_reached',
      );
      expect(await update({ title: 'bc', description: 'ä234567' })).to.include({ title: 'bc' });
      // Less than before, but more than the limit now.
      expect(await update({ description: '1234' }, 5)).to.include({ description: '1234' });
      expect(await rejectionOf(update({ description: '12345' }, 5))).to.equal('byte_limit_reached');
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
      expect(await rejectionOf(create(bytes - 1))).to.equal('byte_limit_reached');
      await create(bytes);
    });

    it('updates no task that was removed or never created', async () => {
      const { storage, owner } = await openWithOwner();
      await createTasks(storage, owner, 1);
      await storage.tasks.remove(owner, 1);
      expect(await updateTask(storage, owner, 1, { title: 'new' })).to.equal(undefined);
      expect(await updateTask(storage, owner, 2, {})).to.equal(undefined);
      expect(await tasksOf(storage, owner, all)).to.deep.equal([]);
    });

    it('does not alter a task that was returned before an update', async () => {
      const { storage, owner } = await openWithOwner();
      const created = await createTask(storage, owner);
      const found = await storage.tasks.find(owner, created.id);
      await updateTask(storage, owner, created.id, { title: 'new' });
      expect(created).to.include(aDraft());
      expect(found).to.include(aDraft());
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
        expect(await storage.tasks.find(owner, id)).to.deep.equal({ id, title, description, status });
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
        expect(await storage.tasks.find(owner, id)).to.equal(undefined);
      }
      expect(await tasksOf(storage, owner, all)).to.deep.equal([]);
    });
  });

  describe('removing', () => {
    it('removes the task and no other', async () => {
      const { storage, owner } = await openWithOwner();
      await createTasks(storage, owner, 3);
      expect(await storage.tasks.remove(owner, 2)).to.equal(true);
      expect(await storage.tasks.find(owner, 2)).to.equal(undefined);
      const left = await tasksOf(storage, owner, all);
      expect(left.map(({ id }) => id)).to.deep.equal([1, 3]);
    });

    it('reports that there is no task to remove the second time, or where there was none', async () => {
      const { storage, owner } = await openWithOwner();
      await createTasks(storage, owner, 1);
      await storage.tasks.remove(owner, 1);
      expect(await storage.tasks.remove(owner, 1)).to.equal(false);
      expect(await storage.tasks.remove(owner, 2)).to.equal(false);
    });

    it('removes a task in exactly one of fifty concurrent calls', async () => {
      const { storage, owner } = await openWithOwner();
      await createTasks(storage, owner, 1);
      const results = await concurrently(50, () => storage.tasks.remove(owner, 1));
      expect(results.filter((removed) => removed)).to.have.length(1);
    });
  });

  it("keeps users from each other's tasks", async () => {
    const { storage, owner, bob } = await openWithOwner();
    await createTasks(storage, bob, 1);
    const [bobsTask] = await tasksOf(storage, bob, all);
    await createTasks(storage, owner, 2);
    const tasks = await tasksOf(storage, owner, all);

    expect(await storage.tasks.find(bob, 2)).to.equal(undefined);
    expect(await updateTask(storage, bob, 2, { title: 'new' })).to.equal(undefined);
    expect(await storage.tasks.remove(bob, 2)).to.equal(false);
    expect(await tasksOf(storage, bob, all)).to.deep.equal([bobsTask]);
    await updateTask(storage, bob, 1, { title: 'new' });
    await storage.tasks.remove(bob, 1);
    expect(await tasksOf(storage, owner, all)).to.deep.equal(tasks);
  });

  it('finds no task for ids that no task can have', async () => {
    const { storage, owner } = await openWithOwner();
    await createTasks(storage, owner, 1);
    for (const id of [0, -1, 2 ** 31, Number.MAX_SAFE_INTEGER]) {
      expect(await storage.tasks.find(owner, id)).to.equal(undefined);
      expect(await updateTask(storage, owner, id, { title: 'new' })).to.equal(undefined);
      expect(await storage.tasks.remove(owner, id)).to.equal(false);
    }
  });

  for (const [what, text] of Object.entries(difficultTexts)) {
    it(`keeps ${what} unchanged through creation and updates, conditional ones too`, async () => {
      const { storage, owner } = await openWithOwner();
      const task = await createTask(storage, owner, aDraft({ title: text, description: text }));
      expect(task).to.include({ title: text, description: text });

      // In some storages, an update of another field rewrites the text.
      const completed = await updateTask(storage, owner, task.id, { status: 'completed' });
      expect(completed).to.deep.equal({ ...task, status: 'completed' });
      const [title, description] = [`${text}!`, `!${text}`];
      await updateTask(storage, owner, task.id, { title });
      const updated = await updateTask(storage, owner, task.id, { description });
      expect(updated).to.deep.equal({ id: task.id, title, description, status: 'completed' });
      expect(await storage.tasks.find(owner, task.id)).to.deep.equal(updated);
      expect(await tasksOf(storage, owner, all)).to.deep.equal([updated]);
      const again = await updateTask(storage, owner, task.id, { title: 'new' }, { expected: updated });
      expect(again).to.deep.equal({ ...updated, title: 'new' });
      expect(await storage.tasks.remove(owner, task.id, again)).to.equal(true);
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
