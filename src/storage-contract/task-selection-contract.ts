import assert from 'node:assert/strict';
import type { SessionRef } from '../application/ports/session-repository.js';
import type { Storage } from '../application/ports/storage.js';
import { assertIncludes } from './assertions.js';
import { maxPageBytes } from '../domain/page.js';
import {
  compareTasks,
  matches,
  type TaskOrder,
  type TaskQuery,
  type TaskSelection,
} from '../domain/task-query.js';
import { taskStatuses, type Task } from '../domain/task.js';
import { rejectionOf } from './rejection.js';
import { aDraft, createTask, signIn, signInWithUselessSessions, updateTask } from './builders.js';
import { concurrently, inPortions } from './concurrency.js';
import type { Suite } from './suite.js';

const orders: readonly TaskOrder[] = (['id', 'title', 'status'] as const).flatMap((by) =>
  [false, true].map((descending) => ({ by, descending })),
);
const byTitle: TaskOrder = { by: 'title', descending: false };

/** A query for all tasks by id, up to a thousand. */
function aQuery(given: Partial<TaskQuery> = {}): TaskQuery {
  return { order: { by: 'id', descending: false }, offset: 0, limit: 1000, count: false, ...given };
}

function nameOf({ by, descending }: TaskOrder): string {
  return `by ${descending ? 'descending' : 'ascending'} ${by}`;
}

/** Titles whose order by code point, by UTF-16 code unit and in a dictionary differ. */
const titles = [
  'b',
  'B',
  'a',
  '👍',
  '\uffee',
  '\ue000',
  '\ud7ff',
  'é',
  'e\u0301',
  'ab',
  'a b',
  'a',
  '10',
  '9',
];

/** What every TaskRepository promises of `select`. */
export function taskSelectionContract({ it, open }: Suite): void {
  const openWithOwner = async (): Promise<{ storage: Storage; owner: SessionRef; bob: SessionRef }> => {
    const { storage, clock } = await open();
    const { ref: owner } = await signIn(storage, clock);
    const { ref: bob } = await signIn(storage, clock, { id: 'bobs' }, 'bob');
    return { storage, owner, bob };
  };

  const filters: Record<string, Partial<TaskQuery>> = {
    'all tasks': {},
    'tasks of one status': { statuses: ['completed'] },
    'tasks of two statuses': { statuses: ['pending', 'in-progress'] },
    'tasks with a text': { search: 'milk' },
    'tasks of one status with a text': { statuses: ['pending'], search: 'milk' },
    'no tasks': { search: 'nowhere' },
  };
  for (const order of orders) {
    it(`selects all tasks, those of a status and those with a text ${nameOf(order)}`, async () => {
      const { storage, owner } = await openWithOwner();
      const tasks = await createVariousTasks(storage, owner);
      for (const [what, filter] of Object.entries(filters)) {
        const expected = tasks.filter((task) => matches(task, filter)).toSorted(compareTasks(order));
        const selection = await storage.tasks.select(owner, aQuery({ ...filter, order, count: true }));
        assert.deepEqual(selection.tasks, expected, what);
        assertIncludes(selection, { hasMore: false, total: expected.length }, what);
      }
    });

    it(`selects every page ${nameOf(order)}, by offset and after a task`, async () => {
      const { storage, owner } = await openWithOwner();
      const tasks = (await createVariousTasks(storage, owner)).toSorted(compareTasks(order));
      const filter = { statuses: ['pending', 'completed'] } as const;
      const expected = tasks.filter((task) => matches(task, filter));
      const removed = { id: 4, title: '👍', status: 'pending' } as const;
      for (const after of [undefined, expected[0], expected[9], expected.at(-1), removed]) {
        const rest = expected.filter((task) => !after || compareTasks(order)(task, after) > 0);
        for (const [offset, limit] of [
          [0, 1],
          [0, 7],
          [5, 7],
          [rest.length - 1, 1],
          [rest.length, 1],
          [1000, 1000],
        ] as const) {
          if (offset < 0) continue;
          for (const count of [false, true]) {
            const query = aQuery({ ...filter, order, after, offset, limit, count });
            const selection = await storage.tasks.select(owner, query);
            assert.deepEqual(selection.tasks, rest.slice(offset, offset + limit));
            assert.equal(selection.hasMore, rest.length > offset + limit);
            if (count) assert.equal(selection.total, expected.length);
          }
        }
      }
    });
  }

  it('orders titles by code point, and tasks with the same title by ascending id', async () => {
    const { storage, owner } = await openWithOwner();
    for (const title of titles) await createTask(storage, owner, aDraft({ title }));
    const sorted = [
      '10',
      '9',
      'B',
      'a',
      'a',
      'a b',
      'ab',
      'b',
      'e\u0301',
      'é',
      '\ud7ff',
      '\ue000',
      '\uffee',
      '👍',
    ];
    for (const descending of [false, true]) {
      const { tasks } = await storage.tasks.select(owner, aQuery({ order: { by: 'title', descending } }));
      assert.deepEqual(
        tasks.map(({ title }) => title),
        descending ? sorted.toReversed() : sorted,
      );
      assert.deepEqual(
        tasks.filter(({ title }) => title === 'a').map(({ id }) => id),
        [3, 12],
      );
    }
  });

  it('finds a text in titles and descriptions in any case', async () => {
    const { storage, owner } = await openWithOwner();
    const texts = { 1: 'ÄPFEL und Öl', 2: 'äpfel', 3: '100 % "Äpfel_"', 4: 'ΑΣ', 5: 'a.c*[d]', 6: '👍🏽' };
    for (const text of Object.values(texts)) await createTask(storage, owner, aDraft({ title: text }));
    for (const text of Object.values(texts)) await createTask(storage, owner, aDraft({ description: text }));
    const find = async (search: string) =>
      (await storage.tasks.select(owner, aQuery({ search }))).tasks.map(({ id }) => id);
    assert.deepEqual(await find('äpfel'), [1, 2, 3, 7, 8, 9]);
    assert.deepEqual(await find('% "äpfel_"'), [3, 9]);
    assert.deepEqual(await find('%'), [3, 9]);
    assert.deepEqual(await find('ας'), [4, 10]);
    assert.deepEqual(await find('.c*['), [5, 11]);
    assert.deepEqual(await find('👍'), [6, 12]);
    assert.deepEqual(await find('äpfel '), [1, 7]);
    assert.deepEqual(await find('a_c'), []);
  });

  it('selects tasks as they are now, after updates', async () => {
    const { storage, owner } = await openWithOwner();
    for (const title of ['a', 'b', 'c']) await createTask(storage, owner, aDraft({ title }));
    await updateTask(storage, owner, 1, { title: 'd', status: 'completed' });
    const { tasks } = await storage.tasks.select(owner, aQuery({ order: byTitle }));
    assert.deepEqual(
      tasks.map(({ id }) => id),
      [2, 3, 1],
    );
    assert.deepEqual(tasks[2], { id: 1, ...aDraft({ title: 'd', status: 'completed' }) });
    const find = async (search: string) =>
      (await storage.tasks.select(owner, aQuery({ search }))).tasks.map(({ id }) => id);
    assert.deepEqual([await find('d'), await find('a')], [[1], []]);
  });

  it('selects all tasks page by page, in every order and in pages of any length', async () => {
    const { storage, owner } = await openWithOwner();
    const tasks = await createVariousTasks(storage, owner);
    for (const order of orders) {
      const expected = tasks.toSorted(compareTasks(order));
      for (const limit of [1, 2, 5, 7, 20, 30, 38, 1000]) {
        const found: Task[] = [];
        for (let page: TaskSelection | undefined; page?.hasMore ?? true; found.push(...page.tasks)) {
          page = await storage.tasks.select(owner, aQuery({ order, limit, after: found.at(-1) }));
          assert.ok(page.tasks.length > 0);
        }
        assert.deepEqual(found, expected, `${nameOf(order)}, ${limit} at once`);
      }
    }
  });

  it('selects among thousands of tasks', async () => {
    const { storage, owner } = await openWithOwner();
    const tasks = await inPortions(2100, (index) =>
      createTask(storage, owner, aDraft({ title: `${(index * 7919) % 2100}` })),
    );
    for (const order of orders) {
      const expected = tasks.toSorted(compareTasks(order));
      for (const [offset, limit] of [
        [0, 1000],
        [1500, 20],
      ] as const) {
        const query = aQuery({ statuses: ['pending'], order, offset, limit, count: true });
        const selection = await storage.tasks.select(owner, query);
        assert.deepEqual(selection.tasks, expected.slice(offset, offset + limit));
        assertIncludes(selection, { hasMore: true, total: 2100 });
      }
    }
  });

  it('ends a page with the task that makes its texts exceed a megabyte, and goes on after it', async () => {
    const { storage, owner } = await openWithOwner();
    const sizes = [...Array.from({ length: 8 }, () => 300_000), 10, 2 * maxPageBytes, 10, 10];
    for (const [index, size] of sizes.entries()) {
      const title = `${(index * 7) % sizes.length}`.padStart(2, '0');
      await createTask(storage, owner, aDraft({ title, description: 'ä'.repeat(size / 2) }));
    }
    for (const order of [byTitle, { by: 'id', descending: true } as const]) {
      const found: Task[] = [];
      let page: TaskSelection;
      do {
        page = await storage.tasks.select(owner, aQuery({ search: 'ä', order, after: found.at(-1) }));
        const bytes = page.tasks.map(({ description }) => Buffer.byteLength(description));
        const sum = bytes.reduce((total, size) => total + size, 0);
        assert.ok(sum - (bytes.at(-1) ?? 0) <= maxPageBytes);
        if (page.hasMore) assert.notDeepEqual(page.tasks, []);
        found.push(...page.tasks);
      } while (page.hasMore);
      assert.equal(found.map(({ id }) => id).length, sizes.length);
      assert.deepEqual(found, found.toSorted(compareTasks(order)));
    }
  });

  it('includes every task once that does not change, while others are created, renamed and removed', async () => {
    const { storage, owner } = await openWithOwner();
    const kept = await concurrently(20, (index) =>
      createTask(storage, owner, aDraft({ title: `${(index * 7) % 20}`, description: 'kept' })),
    );
    for (const order of orders) {
      const found: Task[] = [];
      for (let page: TaskSelection | undefined; page?.hasMore ?? true;) {
        const change = async () => {
          const { id } = await createTask(storage, owner, aDraft({ title: `${found.length}` }));
          await updateTask(storage, owner, id, { title: `${20 - found.length}`, status: 'completed' });
          if (found.length % 2 === 0) await storage.tasks.remove(owner, id);
        };
        const query = aQuery({ order, limit: 3, after: found.at(-1) });
        [page] = await Promise.all([storage.tasks.select(owner, query), change(), change()]);
        found.push(...page.tasks);
      }
      const unchanged = found.filter(({ description }) => description === 'kept');
      assert.deepEqual(unchanged, kept.toSorted(compareTasks(order)));
      assert.equal(new Set(found.map(({ id }) => id)).size, found.length);
    }
  });

  it("keeps users from each other's tasks", async () => {
    const { storage, owner, bob } = await openWithOwner();
    await createTask(storage, bob, aDraft({ title: 'bob' }));
    for (const order of orders) {
      assert.deepEqual(await storage.tasks.select(owner, aQuery({ order, count: true })), {
        tasks: [],
        hasMore: false,
        total: 0,
        revision: 0,
      });
    }
  });

  it('needs an active session for every query, be there tasks or not', async () => {
    const { storage, clock } = await open();
    const { ref, others } = await signInWithUselessSessions(storage, clock);
    const revoked = others.flatMap(() => orders.map(() => 'token_revoked'));
    const rejections = async () =>
      Promise.all(
        others.flatMap((session) =>
          orders.map((order) => rejectionOf(storage.tasks.select(session, aQuery({ order })))),
        ),
      );
    assert.deepEqual(await rejections(), revoked);
    await createTask(storage, ref);
    assert.deepEqual(await rejections(), revoked);
  });
}

/** Creates tasks with such titles, in all statuses; some are milk, some were removed. */
async function createVariousTasks(storage: Storage, owner: SessionRef): Promise<Task[]> {
  const tasks: Task[] = [];
  for (const [index, title] of [...titles, ...titles, ...titles].entries()) {
    const description = index % 5 === 0 ? `Buy MILK ${index}` : 'Something else';
    const status = taskStatuses[(index * 7) % 3] ?? 'pending';
    const task = await createTask(storage, owner, { title, description, status });
    if (index % 11 === 3) await storage.tasks.remove(owner, task.id);
    else tasks.push(task);
  }
  return tasks;
}
