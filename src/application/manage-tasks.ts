import { DomainError } from '../domain/errors.js';
import type { Fields } from '../domain/fields.js';
import { maxPageSize, type Page } from '../domain/page.js';
import {
  parseTaskChanges,
  parseTaskDraft,
  type Task,
  type TaskChanges,
  type TaskDraft,
} from '../domain/task.js';
import { allPages } from './all-pages.js';
import type { Digest, RepeatableRequest, TaskRepository } from './ports.js';

/**
 * What owners do with their own tasks. A task of somebody else is 'task_not_found', like a missing one. Everything is done
 * only `within` a live session, where one is named, and is 'token_revoked' otherwise.
 */
export class ManageTasks {
  constructor(
    private readonly tasks: TaskRepository,
    private readonly digest: Digest,
    /** How many tasks an owner may have. */
    private readonly limit: number,
  ) {}

  /**
   * Throws InvalidFields, or 'task_limit_reached'. Calls of one owner with the same key create one task between them, for
   * a day; with the key of another task it is 'request_key_reused'.
   */
  async create(ownerId: number, input: Fields, within?: string, key?: string): Promise<Task> {
    const draft = parseTaskDraft(input);
    const request = key === undefined ? undefined : this.repeatable(key, draft);
    return await this.tasks.create(ownerId, draft, within, this.limit, request);
  }

  /** A page of tasks, which begins `offset` tasks later. Those are read too: it costs as much as a list of them. */
  async list(
    ownerId: number,
    { after, limit, offset = 0 }: Page & { readonly offset?: number },
    within?: string,
  ): Promise<readonly Task[]> {
    let start = after;
    for (let left = offset; left > 0;) {
      const page = { after: start, limit: Math.min(left, maxPageSize) };
      const skipped = await this.tasks.list(ownerId, page, within);
      const last = skipped.at(-1);
      if (!last) return [];
      start = last.id;
      left -= skipped.length;
    }
    return this.tasks.list(ownerId, { after: start, limit }, within);
  }

  /**
   * All tasks after an id, in parts of bounded size, so that no list is too long to be handed out. Tasks created or
   * deleted meanwhile may or may not be in it; no other task is left out or comes twice.
   */
  listAll(ownerId: number, after: number): AsyncGenerator<readonly Task[], void, undefined> {
    return allPages((page) => this.tasks.list(ownerId, page), after);
  }

  async get(ownerId: number, id: number, within?: string): Promise<Task> {
    return found(await this.tasks.find(ownerId, id, within));
  }

  /**
   * Changes the given fields and no others. Throws InvalidFields. That the task is missing is told before what is wrong
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
    return found(await this.tasks.update(ownerId, id, changes, within));
  }

  async delete(ownerId: number, id: number, within?: string): Promise<void> {
    const wasThere = await this.tasks.remove(ownerId, id, within);
    if (!wasThere) throw new DomainError('task_not_found');
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
