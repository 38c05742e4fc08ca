import { BestPositions, detached } from './best-positions.js';
import { maxPageBytes, maxPageSize } from './page.js';
import type { Task, TaskPage } from './task.js';
import {
  compareTasks,
  matches,
  type TaskPosition,
  type TaskQuery,
  type TaskSelection,
} from './task-query.js';

/** What a storage must be able to read so that its tasks can be selected. Every call checks the session. */
export interface TaskReader {
  /**
   * A page of the owner's tasks by ascending id, of the tasks above the id `after`; or by descending id, of the tasks
   * below it. It ends like a page of `TaskRepository.list`.
   */
  readPage(page: ReadPage): Promise<TaskPage>;
  /**
   * The tasks with these ids, at most `maxPageSize` of them, in the same order, without those that are gone. Ends like
   * a page, too: `hasMore` says whether some ids were not looked at.
   */
  readMany(ids: readonly number[]): Promise<TaskPage>;
}

export interface ReadPage {
  readonly after: number;
  readonly limit: number;
  readonly descending: boolean;
}

/** How many characters of titles and descriptions are looked at in one step, not counting the last task. */
const maxStepCharacters = 2 ** 17;

/**
 * Selects tasks for a storage that can only read them page by page, by reading all that may belong to the page. Memory
 * is bounded, however many tasks there are: a selection keeps one page of tasks, or the positions of `maxRank` tasks.
 *
 * The work is done in short steps, one a turn of the event loop, however many selections there are at once.
 */
export class TaskSelector {
  /** Resolves when the last step that waits has its turn. */
  private lastTurn: Promise<void> = Promise.resolve();

  /** `nextTurn` resolves in a later turn of the event loop. */
  constructor(private readonly nextTurn: () => Promise<void>) {}

  /**
   * The revision is that of before the selection. Tasks that are created, changed or deleted concurrently may or may
   * not be included.
   */
  select(query: TaskQuery, reader: TaskReader): Promise<TaskSelection> {
    return query.order.by === 'id' ? this.selectById(query, reader) : this.selectByRank(query, reader);
  }

  private async selectById(query: TaskQuery, reader: TaskReader): Promise<TaskSelection> {
    const { after, offset, limit, order } = query;
    const compare = compareTasks(order);
    const isFiltered = hasFilters(query);
    const counts = query.count && isFiltered;
    const start = order.descending ? Number.MAX_SAFE_INTEGER : 0;
    const scan = {
      after: counts ? start : (after?.id ?? start),
      limit: isFiltered ? maxPageSize : Math.min(offset + limit, maxPageSize),
      descending: order.descending,
    };

    const tasks: Task[] = [];
    let [matching, skipped, bytes, hasMore] = [0, 0, 0, false];
    let before: Numbers | undefined;
    for await (const step of this.steps(scan, reader)) {
      before ??= step.numbers;
      for (const task of step.tasks) {
        if (!matches(task, query)) continue;
        matching++;
        if (after && compare(task, after) <= 0) continue;
        if (skipped < offset) skipped++;
        else if (tasks.length === limit || bytes > maxPageBytes) hasMore = true;
        else {
          const { id, title, description, status } = task;
          tasks.push({ id, title: detached(title), description: detached(description), status });
          bytes += bytesOf(title) + bytesOf(description);
        }
      }
      const isFull = tasks.length === limit || bytes > maxPageBytes;
      if (!counts && isFull && (hasMore || !isFiltered)) {
        hasMore ||= step.hasMore;
        break;
      }
    }
    return { tasks, hasMore, ...resultOf(query, before, matching) };
  }

  private async selectByRank(query: TaskQuery, reader: TaskReader): Promise<TaskSelection> {
    const compare = compareTasks(query.order);
    let { after, offset } = query;
    let first: Ranking | undefined;
    for (;;) {
      const ranking = await this.rank({ ...query, after, offset }, reader);
      first ??= ranking;
      const { positions, following } = ranking;
      const wanted = positions.slice(offset);
      const [start] = wanted;
      if (start) {
        const page = await reader.readMany(wanted.map(({ id }) => id));
        const positionOf = new Map(wanted.map((position) => [position.id, position]));
        const tasks = page.tasks.filter((task) => {
          const position = positionOf.get(task.id);
          return position && compare(task, position) === 0 && matches(task, query);
        });
        const hasMore = page.hasMore || positions.length < following;
        if (tasks.length > 0 || !hasMore) {
          return { tasks, hasMore, ...resultOf(query, first.before, first.matching) };
        }
        // All of them were changed or deleted since.
        [after, offset] = [start, 0];
      } else if (positions.length < following) {
        // The titles up to the offset are too long to be kept at once.
        [after, offset] = [positions.at(-1), offset - positions.length];
      } else {
        return { tasks: [], hasMore: false, ...resultOf(query, first.before, first.matching) };
      }
    }
  }

  private async rank(query: TaskQuery, reader: TaskReader): Promise<Ranking> {
    const { after, offset, limit, order } = query;
    const compare = compareTasks(order);
    const best = new BestPositions(order, offset + limit);
    let [following, matching] = [0, 0];
    let before: Numbers | undefined;
    for await (const step of this.steps({ after: 0, limit: maxPageSize, descending: false }, reader)) {
      before ??= step.numbers;
      for (const task of step.tasks) {
        if (!matches(task, query)) continue;
        matching++;
        if (after && compare(task, after) <= 0) continue;
        following++;
        best.add(task);
      }
    }
    return { positions: best.inOrder(), following, matching, before };
  }

  /** Reads all pages, and goes through their tasks in steps. There is at least one step. */
  private async *steps({ after, limit, descending }: ReadPage, reader: TaskReader): AsyncGenerator<Step> {
    for (let from = after, hasMore = true; hasMore;) {
      const { tasks, ...page } = await reader.readPage({ after: from, limit, descending });
      from = tasks.at(-1)?.id ?? from;
      hasMore = page.hasMore;
      const numbers = { total: page.total, revision: page.revision };
      let start = 0;
      do {
        await this.turn();
        const end = endOfStep(tasks, start);
        yield { tasks: tasks.slice(start, end), hasMore: hasMore || end < tasks.length, numbers };
        start = end;
      } while (start < tasks.length);
    }
  }

  /** Resolves in a turn of the event loop in which no other step is taken. */
  private turn(): Promise<void> {
    return (this.lastTurn = this.lastTurn.then(this.nextTurn));
  }
}

type Numbers = Pick<TaskPage, 'total' | 'revision'>;

interface Step {
  readonly tasks: readonly Task[];
  /** Whether more tasks follow in later steps. */
  readonly hasMore: boolean;
  readonly numbers: Numbers;
}

/** The beginning of an order. */
interface Ranking {
  /** The first `offset + limit` positions after the start; fewer if their titles are too long to be kept. */
  readonly positions: readonly TaskPosition[];
  /** How many tasks come after the start. */
  readonly following: number;
  /** How many tasks the filters let through. */
  readonly matching: number;
  /** As they were before the first step. */
  readonly before: Numbers | undefined;
}

/** The end of the step that begins at `start`; after at least one task if there is one. */
function endOfStep(tasks: readonly Task[], start: number): number {
  let end = start;
  for (let characters = 0; characters <= maxStepCharacters; end++) {
    const task = tasks[end];
    if (!task) break;
    characters += task.title.length + task.description.length;
  }
  return end;
}

function resultOf(query: TaskQuery, before: Numbers | undefined, matching: number) {
  const total = hasFilters(query) ? matching : (before?.total ?? 0);
  return { revision: before?.revision ?? 0, ...(query.count && { total }) };
}

function hasFilters({ statuses, search }: TaskQuery): boolean {
  return statuses !== undefined || search !== undefined;
}

/** The length of the text in UTF-8. */
function bytesOf(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    // The two surrogates of a code point have four bytes together.
    bytes += unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 1 : 2;
  }
  return bytes;
}
