import { DomainError } from '../domain/errors.js';
import type { Input } from '../domain/input.js';
import { maxPageSize, type Page } from '../domain/page.js';
import {
  parseTaskChanges,
  parseTaskDraft,
  type Task,
  type TaskChanges,
  type TaskDraft,
  type TaskLimits,
  type TaskPage,
} from '../domain/task.js';
import type { LongReadLimiter } from './long-read-limiter.js';
import type { Digest } from './ports/environment.js';
import type { SessionRef } from './ports/session-repository.js';
import type { IdempotencyKey, TaskRepository } from './ports/task-repository.js';

/** Where a list ends, and whether there are tasks behind it. */
export interface ListEnd {
  readonly lastId: number;
  readonly hasMore: boolean;
}

/**
 * What users do with their own tasks. A task of somebody else is 'task_not_found', like a missing one. Everything rejects
 * with 'token_revoked', and does nothing, unless the session is active.
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
   * Throws InvalidFields, 'task_limit_reached' or 'byte_limit_reached'. Calls of one user with the same idempotency key
   * create one task between them, for a day; with the key of another task it is 'idempotency_key_reused', and with one key too
   * many 'idempotency_key_limit_reached'.
   */
  async create(session: SessionRef, input: Input, key?: string): Promise<Task> {
    const draft = parseTaskDraft(input);
    const idempotency = key === undefined ? undefined : this.idempotencyKey(key, draft);
    return await this.tasks.create(session, draft, { limits: this.limits, idempotency });
  }

  /**
   * The first tasks of a list that begins `offset` tasks after an id, as many as the storage hands out at once. Those before
   * are read too, and count as a long read if they are many.
   */
  list(
    session: SessionRef,
    { after, limit, offset = 0 }: Page & { readonly offset?: number | undefined },
  ): Promise<TaskPage> {
    if (offset > 0) return this.listFrom(session, { after, limit, offset });
    return this.tasks.list(session, { after, limit: Math.min(limit, maxPageSize) });
  }

  /**
   * A list in pages of bounded size, so that none is too long to be handed out. Each page checks the session. Tasks
   * created or deleted meanwhile may or may not be in it; no other task is left out or comes twice.
   */
  async *listOn(session: SessionRef, { after, limit }: Page): AsyncGenerator<TaskPage, void, undefined> {
    for (let start = after, left = limit; left > 0;) {
      const page = await this.list(session, { after: start, limit: left });
      yield page;
      if (!page.hasMore) return;
      start = page.tasks.at(-1)?.id ?? start;
      left -= page.tasks.length;
    }
  }

  /** The id of the last task of a list, and whether there are more behind it. All of its pages are read. */
  async endOf(session: SessionRef, page: Page): Promise<ListEnd> {
    let end: ListEnd = { lastId: page.after, hasMore: false };
    for await (const { tasks, hasMore } of this.listOn(session, page)) {
      end = { lastId: tasks.at(-1)?.id ?? end.lastId, hasMore };
    }
    return end;
  }

  async get(session: SessionRef, id: number): Promise<Task> {
    return found(await this.tasks.find(session, id));
  }

  /**
   * Changes the given fields and no others. Throws InvalidFields, or 'byte_limit_reached'. That the task is missing is
   * reported before what is wrong with the input.
   */
  async update(session: SessionRef, id: number, input: Input): Promise<Task> {
    let changes: TaskChanges;
    try {
      changes = parseTaskChanges(input);
    } catch (error) {
      await this.get(session, id);
      throw error;
    }
    return found(await this.tasks.update(session, id, changes, this.limits.bytes));
  }

  async delete(session: SessionRef, id: number): Promise<void> {
    const wasThere = await this.tasks.remove(session, id);
    if (!wasThere) throw new DomainError('task_not_found');
  }

  private async listFrom(
    session: SessionRef,
    { after, limit, offset }: Page & { readonly offset: number },
  ): Promise<TaskPage> {
    const first = await this.list(session, { after, limit: offset });
    const read = { after: first.tasks.at(-1)?.id ?? after, limit: offset - first.tasks.length };
    const { lastId, hasMore } =
      first.hasMore && read.limit > 0
        ? await this.longReads.run(session.userId, () => this.endOf(session, read))
        : { lastId: read.after, hasMore: first.hasMore };
    return hasMore ? this.list(session, { after: lastId, limit }) : { tasks: [], hasMore };
  }

  private idempotencyKey(key: string, { title, description, status }: TaskDraft): IdempotencyKey {
    const fingerprint = this.digest(JSON.stringify([title, description, status]));
    return { key: this.digest(key), fingerprint };
  }
}

function found(task: Task | undefined): Task {
  if (!task) throw new DomainError('task_not_found');
  return task;
}
