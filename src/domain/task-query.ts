import type { Task, TaskPage, TaskStatus } from './task.js';

/** Which tasks of an owner are wanted, and in which order. */
export interface TaskQuery {
  /** Tasks with one of these statuses; all tasks if this is absent. */
  readonly statuses?: readonly TaskStatus[] | undefined;
  /** Tasks whose title or description contains this text, in any case. It is in lower case itself. */
  readonly search?: string | undefined;
  readonly order: TaskOrder;
  /** Only the tasks that come after this one in the order. It need not exist. */
  readonly after?: TaskPosition | undefined;
  /** How many of those to skip. */
  readonly offset: number;
  /** At most `maxPageSize`; with `offset`, at most `maxRank` unless the order is by id. */
  readonly limit: number;
  /** Whether `total` is wanted. */
  readonly count: boolean;
}

/** Titles are ordered by code point, statuses as texts. Tasks with the same one are ordered by ascending id. */
export interface TaskOrder {
  readonly by: 'id' | 'title' | 'status';
  readonly descending: boolean;
}

/** What places a task in every order. */
export type TaskPosition = Pick<Task, 'id' | 'title' | 'status'>;

/** Some of the tasks that a query lets through, in its order. */
export interface TaskSelection extends Omit<TaskPage, 'total'> {
  /** How many tasks the filters let through, wherever the page begins. */
  readonly total?: number | undefined;
}

/** How far from the beginning a page may end in an order by title or status, in tasks. */
export const maxRank = 10_000;

/** Whether the filters of the query let the task through. */
export function matches(task: Task, { statuses, search }: Pick<TaskQuery, 'statuses' | 'search'>): boolean {
  if (statuses && !statuses.includes(task.status)) return false;
  return search === undefined || contains(task.title, search) || contains(task.description, search);
}

/** A comparison of tasks for `sort`. No two tasks of one owner are equal in it. */
export function compareTasks({ by, descending }: TaskOrder): (a: TaskPosition, b: TaskPosition) => number {
  const sign = descending ? -1 : 1;
  if (by === 'id') return (a, b) => sign * (a.id - b.id);
  return (a, b) => sign * compareTexts(a[by], b[by]) || a.id - b.id;
}

function contains(text: string, search: string): boolean {
  return text.toLowerCase().includes(search);
}

/** Compares texts by code point. */
function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const unit = a.charCodeAt(i);
    const other = b.charCodeAt(i);
    if (unit !== other) return rankOf(unit) - rankOf(other);
  }
  return a.length - b.length;
}

/** Where a UTF-16 code unit stands by code point: surrogates stand for the code points above all others. */
function rankOf(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
