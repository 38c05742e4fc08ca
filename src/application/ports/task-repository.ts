import type { Page } from '../../domain/page.js';
import type { Task, TaskChanges, TaskDraft, TaskLimits, TaskPage } from '../../domain/task.js';
import type { SessionRef } from './session-repository.js';

/**
 * The tasks of one user. Every call rejects with 'token_revoked', and does nothing, unless the session is active: a change
 * checks that in the same step, and nothing else is told before. A user's ids count up from 1 and are never given twice,
 * also not after a deletion.
 */
export interface TaskRepository {
  /**
   * Rejects with 'task_limit_reached' or 'byte_limit_reached' if the user would have more than `limits` allow; concurrent
   * calls do not get past them either.
   * Of any number of calls of the user with the same `idempotency.key` within a day, exactly one creates a task, and all
   * answer it as it was created, whatever became of it. Rejects with 'idempotency_key_reused' if the key came with another
   * fingerprint. As many keys of a user as `limits` allow are remembered, each for a day and none for more than 25 hours;
   * one more rejects with 'idempotency_key_limit_reached'.
   */
  create(session: SessionRef, draft: TaskDraft, options: CreateTaskOptions): Promise<Task>;
  find(session: SessionRef, id: number): Promise<Task | undefined>;
  /**
   * The tasks on this page, at least one if there is one. The page ends at `limit`, or with the task by which the titles
   * and descriptions on it pass `maxPageBytes`; `hasMore` says whether there are tasks behind it.
   */
  list(session: SessionRef, page: Page): Promise<TaskPage>;
  /**
   * Sets the given fields and no others, in one step; answers the task as it is then. Rejects with 'byte_limit_reached' if
   * it makes the task longer and the user's texts would pass `maxBytes` together.
   */
  update(session: SessionRef, id: number, changes: TaskChanges, maxBytes: number): Promise<Task | undefined>;
  /** Deletes the task; answers whether it was there to delete. */
  remove(session: SessionRef, id: number): Promise<boolean>;
}

export interface CreateTaskOptions {
  readonly limits: TaskLimits;
  readonly idempotency?: IdempotencyKey | undefined;
}

/** What makes a request safe to send again. Both texts are digests. */
export interface IdempotencyKey {
  /** What the client calls the request. */
  readonly key: string;
  /** What the request asks for. */
  readonly fingerprint: string;
}
