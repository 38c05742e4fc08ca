import { expect } from 'chai';
import { nextRevision, type Task } from '../../src/domain/task.js';
import { compareTasks, matches, type TaskOrder } from '../../src/domain/task-query.js';

const task: Task = { id: 1, title: 'Buy MILK', description: 'Zwei Flaschen Öl', status: 'pending' };

describe('the filters of a query', () => {
  it('let every task through if there are none', () => {
    expect(matches(task, {})).to.equal(true);
  });

  it('let tasks through that have one of the statuses', () => {
    expect(matches(task, { statuses: ['completed', 'pending'] })).to.equal(true);
    expect(matches(task, { statuses: ['completed', 'in-progress'] })).to.equal(false);
  });

  it('let tasks through whose title or description contains the text, in any case', () => {
    for (const search of ['milk', 'y m', 'öl', 'buy milk']) expect(matches(task, { search })).to.equal(true);
    for (const search of ['tea', 'milkzwei', 'milk ']) expect(matches(task, { search })).to.equal(false);
  });

  it('let tasks through that pass all of them', () => {
    expect(matches(task, { statuses: ['pending'], search: 'milk' })).to.equal(true);
    expect(matches(task, { statuses: ['pending'], search: 'tea' })).to.equal(false);
    expect(matches(task, { statuses: ['completed'], search: 'milk' })).to.equal(false);
  });
});

describe('an order of tasks', () => {
  const titles = ['b', '👍', 'a', 'B', '\uffee', 'a', 'ab', '\ue000', '\ud7ff', 'é'];
  const statuses = ['pending', 'completed', 'in-progress'] as const;
  const tasks = titles.map((title, index): Task => ({
    id: index + 1,
    title,
    description: 'x',
    status: statuses[index % 3] ?? 'pending',
  }));
  const sorted = (by: TaskOrder['by'], descending: boolean) =>
    tasks.toSorted(compareTasks({ by, descending }));

  it('by title is by code point, and by ascending id for the same title', () => {
    const expected = ['B', 'a', 'a', 'ab', 'b', 'é', '\ud7ff', '\ue000', '\uffee', '👍'];
    expect(sorted('title', false).map(({ title }) => title)).to.deep.equal(expected);
    expect(sorted('title', true).map(({ title }) => title)).to.deep.equal(expected.toReversed());
    const idsOfA = [sorted('title', false), sorted('title', true)].map((order) =>
      order.filter(({ title }) => title === 'a').map(({ id }) => id),
    );
    expect(idsOfA).to.deep.equal([
      [3, 6],
      [3, 6],
    ]);
  });

  it('by status is that of the texts, and by ascending id for the same status', () => {
    expect(sorted('status', false).map(({ id }) => id)).to.deep.equal([2, 5, 8, 3, 6, 9, 1, 4, 7, 10]);
    expect(sorted('status', true).map(({ id }) => id)).to.deep.equal([1, 4, 7, 10, 3, 6, 9, 2, 5, 8]);
  });

  it('by id is that of creation, or the newest first', () => {
    expect(sorted('id', false)).to.deep.equal(tasks);
    expect(sorted('id', true)).to.deep.equal(tasks.toReversed());
  });
});

describe('a revision', () => {
  it('is raised to the time in milliseconds', () => {
    expect(nextRevision(0, 1_700_000_000.1239)).to.equal(1_700_000_000_123);
  });

  it('is raised even if the clock stands still or is set back', () => {
    expect(nextRevision(1_700_000_000_123, 1_700_000_000.123)).to.equal(1_700_000_000_124);
    expect(nextRevision(1_700_000_000_123, 1_600_000_000)).to.equal(1_700_000_000_124);
  });
});
