import { expect } from 'chai';
import { maxPageBytes } from '../../src/domain/page.js';
import { TaskSelector, type TaskReader } from '../../src/domain/task-selector.js';
import {
  compareTasks,
  matches,
  maxRank,
  type TaskOrder,
  type TaskQuery,
} from '../../src/domain/task-query.js';
import { taskStatuses, type Task } from '../../src/domain/task.js';

const orders: TaskOrder[] = (['id', 'title', 'status'] as const).flatMap((by) =>
  [false, true].map((descending) => ({ by, descending })),
);
const byTitle: TaskOrder = { by: 'title', descending: false };

const aTask = (id: number, given: Partial<Task> = {}): Task => ({
  id,
  title: `Task ${(id * 7919) % 1000}`,
  description: id % 50 === 0 ? 'rare' : 'common',
  status: taskStatuses[id % 3] ?? 'pending',
  ...given,
});
const tasksOf = (count: number, given: (id: number) => Partial<Task> = () => ({})) =>
  Array.from({ length: count }, (_, index) => aTask(index + 1, given(index + 1)));
const aQuery = (given: Partial<TaskQuery> = {}): TaskQuery => ({
  order: byTitle,
  offset: 0,
  limit: 20,
  count: false,
  ...given,
});

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));
const select = (query: TaskQuery, reader: TaskReader) => new TaskSelector(nextTurn).select(query, reader);

/** Reads tasks from an array, and counts what it reads. */
class ArrayReader implements TaskReader {
  pages = 0;
  tasks = 0;
  revision = 7;

  constructor(readonly all: Task[]) {}

  readPage: TaskReader['readPage'] = async ({ after, limit, descending }) => {
    const order = descending ? this.all.toReversed() : this.all;
    const rest = order.filter(({ id }) => (descending ? id < after : id > after));
    const tasks = rest.slice(0, limit);
    this.pages++;
    this.tasks += tasks.length;
    return {
      tasks,
      hasMore: rest.length > limit,
      total: this.all.length,
      revision: this.revision,
    };
  };

  readMany: TaskReader['readMany'] = async (ids) => {
    const tasks = ids.flatMap((wanted) => this.all.find(({ id }) => id === wanted) ?? []);
    return { tasks, hasMore: false, total: this.all.length, revision: this.revision };
  };
}

describe('selecting tasks', () => {
  const all = tasksOf(2500);

  const filters: Record<string, Partial<TaskQuery>> = {
    'without filters': {},
    'of two statuses': { statuses: ['pending', 'completed'] },
    'that are rare': { search: 'rare' },
    'that do not exist': { search: 'nowhere' },
  };
  for (const [what, filter] of Object.entries(filters)) {
    for (const order of orders) {
      it(`${what} by ${order.descending ? 'descending' : 'ascending'} ${order.by} finds each page`, async () => {
        const expected = all.filter((task) => matches(task, filter)).toSorted(compareTasks(order));
        for (const count of [false, true]) {
          for (const after of [undefined, expected[33], aTask(1700)]) {
            for (const [offset, limit] of [
              [0, 20],
              [7, 1000],
              [1990, 10],
              [3000, 10],
            ] as const) {
              const query = aQuery({ ...filter, order, after, offset, limit, count });
              const rest = expected.filter((task) => !after || compareTasks(order)(task, after) > 0);
              expect(await select(query, new ArrayReader(all))).to.deep.equal({
                tasks: rest.slice(offset, offset + limit),
                hasMore: rest.length > offset + limit,
                revision: 7,
                ...(count && { total: expected.length }),
              });
            }
          }
        }
      });
    }
  }

  it('of nobody finds none', async () => {
    for (const order of orders) {
      const selection = await select(aQuery({ order, count: true }), new ArrayReader([]));
      expect(selection).to.deep.equal({ tasks: [], hasMore: false, total: 0, revision: 7 });
    }
  });

  it('reads no more than the page from the newest tasks', async () => {
    const reader = new ArrayReader(all);
    await select(aQuery({ order: { by: 'id', descending: true }, count: true }), reader);
    expect(reader.tasks).to.equal(20);
  });

  it('stops at the first task that follows a full page if nothing is counted', async () => {
    const reader = new ArrayReader(all);
    await select(aQuery({ order: { by: 'id', descending: false }, search: 'rare', limit: 10 }), reader);
    expect(reader.pages).to.equal(1);
  });

  it('ends a page with the task that makes its texts exceed a megabyte', async () => {
    const long = tasksOf(30, () => ({ description: 'ä€👍'.repeat(10_000) }));
    for (const order of orders.filter(({ by }) => by === 'id')) {
      const { tasks, hasMore } = await select(aQuery({ order, limit: 1000 }), new ArrayReader(long));
      const bytes = tasks.map(({ title, description }) => Buffer.byteLength(title + description));
      const sum = bytes.reduce((total, size) => total + size, 0);
      expect(sum).to.be.above(maxPageBytes);
      expect(sum - (bytes.at(-1) ?? 0)).to.be.at.most(maxPageBytes);
      expect(hasMore).to.equal(true);
    }
  });

  it('finds a page far behind titles that are too long to be kept at once', async () => {
    const long = tasksOf(6000, (id) => ({
      title: `${(id * 7919) % 6000}`.padStart(4, '0').padEnd(255, '👍'),
    }));
    const query = aQuery({ offset: 5000, limit: 50, count: true });
    const expected = long.toSorted(compareTasks(byTitle)).slice(5000, 5050);
    expect(await select(query, new ArrayReader(long))).to.deep.equal({
      tasks: expected,
      hasMore: true,
      total: 6000,
      revision: 7,
    });
  });

  it('keeps no more than the positions up to the end of the page', async () => {
    const reader = new ArrayReader(tasksOf(12_000));
    const query = aQuery({ offset: maxRank - 1000, limit: 1000 });
    const { tasks } = await select(query, reader);
    expect(tasks).to.deep.equal(reader.all.toSorted(compareTasks(byTitle)).slice(9000, 10_000));
  });

  it('takes one step a turn of the event loop, however many selections there are', async () => {
    let turn = 0;
    let ticking = setImmediate(function tick() {
      turn++;
      ticking = setImmediate(tick);
    });
    const turnsOfSteps: number[] = [];
    const selector = new TaskSelector(async () => {
      await nextTurn();
      turnsOfSteps.push(turn);
    });
    const query = aQuery({ search: 'rare', count: true });
    await Promise.all(Array.from({ length: 4 }, () => selector.select(query, new ArrayReader(all))));
    clearImmediate(ticking);
    expect(turnsOfSteps).to.have.length(4 * 3);
    expect(new Set(turnsOfSteps)).to.have.property('size', 4 * 3);
  });

  it('goes through long texts in several steps', async () => {
    let steps = 0;
    const selector = new TaskSelector(async () => void steps++);
    const long = new ArrayReader(tasksOf(100, () => ({ description: 'x'.repeat(10_000) })));
    await selector.select(aQuery({ search: 'rare', count: true }), long);
    expect(steps).to.equal(8);
  });

  describe('while they change', () => {
    /** Changes tasks after the first time that positions were found. */
    const changing = (change: (reader: ArrayReader) => void) => {
      const reader = new ArrayReader(tasksOf(100));
      const readMany = reader.readMany;
      reader.readMany = (ids) => {
        change(reader);
        reader.revision++;
        reader.readMany = readMany;
        return readMany(ids);
      };
      return reader;
    };
    const order = tasksOf(100).toSorted(compareTasks(byTitle));

    it('leaves out those that were deleted, renamed or stopped matching', async () => {
      const [deleted, renamed, completed, kept] = order
        .filter(({ status }) => status !== 'completed')
        .map(({ id }) => id);
      const reader = changing(({ all: tasks }) => {
        for (const [index, task] of tasks.entries()) {
          if (task.id === renamed) tasks[index] = { ...task, title: 'zzz' };
          if (task.id === completed) tasks[index] = { ...task, status: 'completed' };
        }
        tasks.splice(
          tasks.findIndex(({ id }) => id === deleted),
          1,
        );
      });
      const query = aQuery({ statuses: ['pending', 'in-progress'], limit: 4 });
      const { tasks, hasMore } = await select(query, reader);
      expect(tasks.map(({ id }) => id)).to.deep.equal([kept]);
      expect(hasMore).to.equal(true);
    });

    it('goes on to the next ones if all of a page are left out', async () => {
      const page = new Set(order.slice(0, 20).map(({ id }) => id));
      const reader = changing(({ all: tasks }) => {
        tasks.splice(0, Infinity, ...tasks.filter(({ id }) => !page.has(id)));
      });
      const { tasks } = await select(aQuery(), reader);
      expect(tasks).to.deep.equal(order.slice(20, 40));
    });

    it('returns the revision of before the changes', async () => {
      expect(
        (
          await select(
            aQuery(),
            changing(() => {}),
          )
        ).revision,
      ).to.equal(7);
    });
  });
});
