import { DomainError } from '../domain/errors.js';
import type { Input } from '../domain/input.js';
import { maxPageBytes, maxPageSize, type Page } from '../domain/page.js';
import { maxRank, type TaskPosition, type TaskQuery, type TaskSelection } from '../domain/task-query.js';
import {
  parseTaskChanges,
  parseTaskDraft,
  type Task,
  type TaskChanges,
  type TaskDraft,
  type TaskLimits,
} from '../domain/task.js';
import type { LongReadLimiter } from './long-read-limiter.js';
import type { Digest } from './ports/environment.js';
import type { SessionRef } from './ports/session-repository.js';
import type { IdempotencyKey, TaskRepository } from './ports/task-repository.js';

/** Filters, and the order of a list. */
export type Selection = Pick<TaskQuery, 'statuses' | 'search' | 'order'>;

/** A list of tasks, or a part of it. */
export interface ListQuery {
  /** The list begins after this task, or after the task with this id where it is ordered by id. 0 is its beginning. */
  readonly after: TaskPosition | number;
  /** How many tasks after that are skipped. */
  readonly offset?: number | undefined;
  /** Infinity for all tasks; with an offset, at most `maxPageSize`. */
  readonly limit: number;
  /** Undefined for all tasks by ascending id. */
  readonly selection?: Selection | undefined;
  /** Whether `total` is wanted. */
  readonly count?: boolean;
}

/** Decides by a task as it is now whether to change it. */
export type Precondition = (task: Task) => boolean;

/** Where a list ends, and whether more tasks follow. */
export interface ListEnd {
  /** Undefined if the list has no limit, or is not ordered by id. */
  readonly lastId?: number | undefined;
  readonly hasMore: boolean;
}

/**
 * A user's own tasks. Another user's task is 'task_not_found', like a missing one. If the session is not active, every
 * method changes nothing and rejects with 'token_revoked'.
 */
export class ManageTasks {
  constructor(
    private readonly tasks: TaskRepository,
    private readonly digest: Digest,
    private readonly longReads: LongReadLimiter,
    /** How much an owner may have. */
    private readonly limits: TaskLimits,
  ) {}

  /**
   * Creates a task. `key` is an idempotency key: within a day, calls of one user with the same key create one task in
   * all. Throws InvalidFields, 'task_limit_reached' or 'byte_limit_reached'; 'idempotency_key_reused' if the key was
   * used for another task; 'idempotency_key_limit_reached' if the user has used too many keys.
   */
  async create(session: SessionRef, input: Input, key?: string): Promise<Task> {
    const draft = parseTaskDraft(input);
    const idempotency = key === undefined ? undefined : this.idempotencyKey(key, draft);
    return await this.tasks.create(session, draft, { limits: this.limits, idempotency });
  }

  /**
   * The first page of a list. `total` is the number of tasks that the filters let through, `revision` that of before the
   * read. Skipped tasks are read too; if they are many, that is a long read.
   */
  list(session: SessionRef, query: ListQuery): Promise<TaskSelection> {
    const { after, limit, offset = 0, selection } = query;
    if (selection) return this.select(session, selection, query);
    if (offset > 0) return this.listFrom(session, { after: idOf(after), limit, offset });
    return this.tasks.list(session, { after: idOf(after), limit: Math.min(limit, maxPageSize) });
  }

  /**
   * A list as a stream of pages of bounded size. Each page checks the session. Tasks that are created, changed or
   * deleted concurrently may or may not be included. Every other task is included exactly once.
   */
  async *listOn(session: SessionRef, query: ListQuery): AsyncGenerator<TaskSelection, void, undefined> {
    for (let rest = query; rest.limit > 0;) {
      const page = await this.list(session, rest);
      yield page;
      if (!page.hasMore) return;
      rest = restOf(rest, page);
    }
  }

  /** The end of a list that begins with this page. In the order by id, reads all pages of a list with a limit. */
  async endOf(session: SessionRef, query: ListQuery, first: TaskSelection): Promise<ListEnd> {
    const { limit, offset = 0, selection } = query;
    if (limit === Infinity) return { hasMore: false };
    if (selection && selection.order.by !== 'id') return { hasMore: offset + limit < (first.total ?? 0) };
    let lastId = first.tasks.at(-1)?.id;
    let { hasMore } = first;
    if (hasMore) {
      for await (const page of this.listOn(session, restOf(query, first))) {
        lastId = page.tasks.at(-1)?.id ?? lastId;
        ({ hasMore } = page);
      }
    }
    return { lastId, hasMore };
  }

  /** Whether finding the first page of a selection means to read more tasks than a page has. Reads no task. */
  async isLongRead(
    session: SessionRef,
    { statuses, search, order }: Selection,
    offset = 0,
  ): Promise<boolean> {
    if (order.by === 'id' && offset === 0 && statuses === undefined && search === undefined) return false;
    const { count, bytes } = await this.tasks.summary(session);
    return count > maxPageSize || bytes > maxPageBytes;
  }

  /** A number that changes with every change of the user's tasks. Reads no task. */
  async revision(session: SessionRef): Promise<number> {
    return (await this.tasks.summary(session)).revision;
  }

  async get(session: SessionRef, id: number): Promise<Task> {
    return found(await this.tasks.find(session, id));
  }

  /**
   * Changes the given fields and no others. Throws InvalidFields or 'byte_limit_reached', and 'task_changed' unless the
   * task meets the precondition until it is changed. A missing task is reported before invalid input, and that before a
   * precondition that is not met.
   */
  async update(session: SessionRef, id: number, input: Input, precondition?: Precondition): Promise<Task> {
    let changes: TaskChanges;
    try {
      changes = parseTaskChanges(input);
    } catch (error) {
      await this.get(session, id);
      throw error;
    }
    const expected = precondition && (await this.getExpected(session, id, precondition));
    return found(await this.tasks.update(session, id, changes, { maxBytes: this.limits.bytes, expected }));
  }

  /** Throws 'task_changed' unless the task meets the precondition until it is deleted. */
  async delete(session: SessionRef, id: number, precondition?: Precondition): Promise<void> {
    const expected = precondition && (await this.getExpected(session, id, precondition));
    const wasThere = await this.tasks.remove(session, id, expected);
    if (!wasThere) throw new DomainError('task_not_found');
  }

  private async getExpected(session: SessionRef, id: number, precondition: Precondition): Promise<Task> {
    const task = await this.get(session, id);
    if (!precondition(task)) throw new DomainError('task_changed');
    return task;
  }

  private async listFrom(
    session: SessionRef,
    { after, limit, offset }: Page & { readonly offset: number },
  ): Promise<TaskSelection> {
    const skip = { after, limit: offset };
    const first = await this.list(session, skip);
    const { lastId = after, hasMore } =
      first.hasMore && first.tasks.length < offset
        ? await this.longReads.run(session.userId, () => this.endOf(session, skip, first))
        : { lastId: first.tasks.at(-1)?.id, hasMore: first.hasMore };
    if (!hasMore) return { ...first, tasks: [], hasMore };
    const page = await this.list(session, { after: lastId, limit });
    // What was skipped is part of the result: if it has changed since, so has the list.
    return { ...page, revision: first.revision };
  }

  /** In an order other than by id, `maxRank` tasks can be skipped at a time. */
  private async select(
    session: SessionRef,
    selection: Selection,
    { after, limit, offset = 0, count = false }: ListQuery,
  ): Promise<TaskSelection> {
    const query = {
      ...selection,
      after: positionOf(after),
      offset,
      limit: Math.min(limit, maxPageSize),
      count,
    };
    if (selection.order.by === 'id' || offset + query.limit <= maxRank)
      return this.tasks.select(session, query);

    const skipped = Math.min(offset, maxRank);
    const first = await this.tasks.select(session, { ...query, offset: skipped - 1, limit: 1 });
    const [last] = first.tasks;
    if (!last || !first.hasMore) return { ...first, tasks: [], hasMore: false };
    const page = await this.select(session, selection, { after: last, limit, offset: offset - skipped });
    return { ...page, total: first.total, revision: first.revision };
  }

  private idempotencyKey(key: string, { title, description, status }: TaskDraft): IdempotencyKey {
    const fingerprint = this.digest(JSON.stringify([title, description, status]));
    return { key: this.digest(key), fingerprint };
  }
}

/** What is left of a list after its first page. */
export function restOf(query: ListQuery, { tasks }: TaskSelection): ListQuery {
  const after = tasks.at(-1) ?? query.after;
  return { ...query, after, offset: 0, limit: query.limit - tasks.length, count: false };
}

function idOf(after: TaskPosition | number): number {
  return typeof after === 'number' ? after : after.id;
}

function positionOf(after: TaskPosition | number): TaskPosition | undefined {
  if (typeof after !== 'number') return after;
  return after === 0 ? undefined : { id: after, title: '', status: 'pending' }; // Only the id counts.
}

function found(task: Task | undefined): Task {
  if (!task) throw new DomainError('task_not_found');
  return task;
}
