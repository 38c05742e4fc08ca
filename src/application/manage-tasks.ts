import { DomainError } from '../domain/errors.js';
import type { Fields } from '../domain/fields.js';
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
import type { LimitLongReads } from './limit-long-reads.js';
import type { Digest, RepeatableRequest, TaskRepository } from './ports.js';

/** Where a list ends, and whether there are tasks behind it. */
export interface ListEnd {
  readonly lastId: number;
  readonly hasMore: boolean;
}

/**
 * What owners do with their own tasks. A task of somebody else is 'task_not_found', like a missing one. Everything is done
 * only `within` a live session, where one is named, and is 'token_revoked' otherwise.
 */
export class ManageTasks {
  constructor(
    private readonly tasks: TaskRepository,
    private readonly digest: Digest,
    private readonly longReads: LimitLongReads,
    /** How much an owner may have. */
    private readonly limits: TaskLimits,
  ) {}

  /**
   * Throws InvalidFields, 'task_limit_reached' or 'byte_limit_reached'. Calls of one owner with the same key create one task
   * between them, for a day; with the key of another task it is 'request_key_reused', and with one key too many
   * 'request_limit_reached'.
   */
  async create(ownerId: number, input: Fields, within?: string, key?: string): Promise<Task> {
    const draft = parseTaskDraft(input);
    const request = key === undefined ? undefined : this.repeatable(key, draft);
    return await this.tasks.create(ownerId, draft, within, this.limits, request);
  }

  /**
   * The first tasks of a list that begins `offset` tasks after an id, as many as the storage hands out at once. Those before
   * are read too, and count as a long read if they are many.
   */
  list(
    ownerId: number,
    { after, limit, offset = 0 }: Page & { readonly offset?: number | undefined },
    within?: string,
  ): Promise<TaskPage> {
    if (offset > 0) return this.listFrom(ownerId, { after, limit, offset }, within);
    return this.tasks.list(ownerId, { after, limit: Math.min(limit, maxPageSize) }, within);
  }

  /**
   * A list in pages of bounded size, so that none is too long to be handed out. Each page is read within the session. Tasks
   * created or deleted meanwhile may or may not be in it; no other task is left out or comes twice.
   */
  async *listOn(
    ownerId: number,
    { after, limit }: Page,
    within?: string,
  ): AsyncGenerator<TaskPage, void, undefined> {
    for (let start = after, left = limit; left > 0;) {
      const page = await this.list(ownerId, { after: start, limit: left }, within);
      yield page;
      if (!page.hasMore) return;
      start = page.tasks.at(-1)?.id ?? start;
      left -= page.tasks.length;
    }
  }

  /** The id of the last task of a list, and whether there are more behind it. All of its pages are read. */
  async endOf(ownerId: number, page: Page, within?: string): Promise<ListEnd> {
    let end: ListEnd = { lastId: page.after, hasMore: false };
    for await (const { tasks, hasMore } of this.listOn(ownerId, page, within)) {
      end = { lastId: tasks.at(-1)?.id ?? end.lastId, hasMore };
    }
    return end;
  }

  async get(ownerId: number, id: number, within?: string): Promise<Task> {
    return found(await this.tasks.find(ownerId, id, within));
  }

  /**
   * Changes the given fields and no others. Throws InvalidFields, or 'byte_limit_reached'. That the task is missing is told before what is wrong
   * with the input, also if that cannot be read at all.
   */
  async update(ownerId: number, id: number, input: Fields | Promise<Fields>, within?: string): Promise<Task> {
    let changes: TaskChanges;
    try {
      changes = parseTaskChanges(await input);
    } catch (error) {
      await this.get(ownerId, id, within);
      throw error;
    }
    return found(await this.tasks.update(ownerId, id, changes, within, this.limits.bytes));
  }

  async delete(ownerId: number, id: number, within?: string): Promise<void> {
    const wasThere = await this.tasks.remove(ownerId, id, within);
    if (!wasThere) throw new DomainError('task_not_found');
  }

  private async listFrom(
    ownerId: number,
    { after, limit, offset }: Page & { readonly offset: number },
    within?: string,
  ): Promise<TaskPage> {
    const first = await this.list(ownerId, { after, limit: offset }, within);
    const read = { after: first.tasks.at(-1)?.id ?? after, limit: offset - first.tasks.length };
    const { lastId, hasMore } =
      first.hasMore && read.limit > 0
        ? await this.longReads.run(ownerId, () => this.endOf(ownerId, read, within))
        : { lastId: read.after, hasMore: first.hasMore };
    return hasMore ? this.list(ownerId, { after: lastId, limit }, within) : { tasks: [], hasMore };
  }

  private repeatable(key: string, { title, description, status }: TaskDraft): RepeatableRequest {
    const fingerprint = this.digest(JSON.stringify([title, description, status]));
    return { key: this.digest(key), fingerprint };
  }
}

function found(task: Task | undefined): Task {
  if (!task) throw new DomainError('task_not_found');
  return task;
}
