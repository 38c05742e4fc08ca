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

/** Where a list ends, and whether more tasks follow. */
export interface ListEnd {
  readonly lastId: number;
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
   * The first page of a list that begins `offset` tasks after the id `after`. The skipped tasks are read too; if they
   * are many, that is a long read.
   */
  list(
    session: SessionRef,
    { after, limit, offset = 0 }: Page & { readonly offset?: number | undefined },
  ): Promise<TaskPage> {
    if (offset > 0) return this.listFrom(session, { after, limit, offset });
    return this.tasks.list(session, { after, limit: Math.min(limit, maxPageSize) });
  }

  /**
   * A list as a stream of pages of bounded size. Each page checks the session. Tasks that are created or deleted
   * concurrently may or may not be included. Every other task is included exactly once.
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

  /** The id of the last task of a list, and whether more follow. Reads all pages of the list. */
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
   * Changes the given fields and no others. Throws InvalidFields or 'byte_limit_reached'. A missing task is reported
   * before invalid input.
   */
  async update(session: SessionRef, id: number, input: Input): Promise<Task> {
    let changes: TaskChanges;
    try {
      changes = parseTaskChanges(input);
    } catch (error) {
      await this.get(session, id);
      throw error;
    }
    return found(await this.tasks.update(session, id, changes, { maxBytes: this.limits.bytes }));
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
    return hasMore ? this.list(session, { after: lastId, limit }) : { ...first, tasks: [], hasMore };
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
