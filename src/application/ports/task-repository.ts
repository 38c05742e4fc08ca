import type { Page } from '../../domain/page.js';
import type { TaskQuery, TaskSelection } from '../../domain/task-query.js';
import type { Task, TaskChanges, TaskDraft, TaskLimits, TaskPage, TaskSummary } from '../../domain/task.js';
import type { SessionRef } from './session-repository.js';

/**
 * The tasks of one user. Every method with a session checks that it is active, before everything else and, if it
 * changes something, in the same step as the change. If the session is not active, the method changes nothing and
 * rejects with 'token_revoked'. A user's task ids count up from 1 without gaps. No id is used twice, not even after a
 * deletion. A title has up to 255 code points, a description up to 64 megabytes; neither is empty.
 *
 * Each user's tasks have a `revision`, a whole number: 0 before the first change. Every creation, update and deletion
 * raises it in the same step, by `nextRevision`; an update that changes nothing need not. If the revision is the same,
 * so are all tasks.
 */
export interface TaskRepository {
  /**
   * Creates a task. Rejects with 'task_limit_reached' or else 'byte_limit_reached' if the user would have more than
   * `limits` allow, which may be 0. Concurrent calls cannot exceed the limits either.
   *
   * If a user calls this any number of times with the same `idempotency.key` within a day, exactly one call creates a
   * task. All of them resolve to the task as it was created, even if it was changed or deleted since. Rejects with
   * 'idempotency_key_reused' if the key was used with another fingerprint. A key is the user's, whichever session uses
   * it. It is remembered for at least a day and at most 25 hours after its first use, and only if a task was created.
   * Rejects with 'idempotency_key_limit_reached', after the other limits, if `limits` allow no more keys.
   */
  create(session: SessionRef, draft: TaskDraft, options: CreateTaskOptions): Promise<Task>;
  find(session: SessionRef, id: number): Promise<Task | undefined>;
  /**
   * The tasks on this page; at least one if there is one. The page ends at `limit` tasks, or with the task that makes
   * its titles and descriptions, and a few bytes a task, exceed `maxPageBytes`. `hasMore` says whether more tasks
   * follow.
   */
  list(session: SessionRef, page: Page): Promise<TaskPage>;
  /**
   * The tasks that the query asks for; at least one if there is one. The page ends at `limit` tasks, or earlier, with
   * the task that makes its titles and descriptions exceed `maxPageBytes`. `total` is there if the query asks for it.
   *
   * It need not be one step, but each step checks the session. `revision` is that of the first step. Tasks that are
   * created, changed or deleted concurrently may or may not be included, all others are. Memory is bounded, and no step
   * keeps other calls waiting: `TaskSelector` does this for a storage that cannot select by itself.
   */
  select(session: SessionRef, query: TaskQuery): Promise<TaskSelection>;
  /** All tasks in numbers, without reading them. */
  summary(session: SessionRef): Promise<TaskSummary>;
  /** For the operator, without a session: what `summary` returns to the user. All zeros if there is no such user. */
  summaryOf(userId: number): Promise<TaskSummary>;
  /**
   * Sets the given fields and no others, in one step. Resolves to the resulting task, or to undefined if there is none.
   * Rejects with 'task_changed' if the task's title, description or status differs from `expected`; of concurrent calls
   * with the same `expected` that change something, one succeeds. Rejects with 'byte_limit_reached' if the task would
   * get longer and all the user's texts would exceed `maxBytes`.
   */
  update(
    session: SessionRef,
    id: number,
    changes: TaskChanges,
    options: UpdateTaskOptions,
  ): Promise<Task | undefined>;
  /** Deletes the task. False if there is no such task. Rejects with 'task_changed' as `update` does. */
  remove(session: SessionRef, id: number, expected?: TaskDraft): Promise<boolean>;
}

export interface CreateTaskOptions {
  readonly limits: TaskLimits;
  readonly idempotency?: IdempotencyKey | undefined;
}

export interface UpdateTaskOptions {
  readonly maxBytes: number;
  readonly expected?: TaskDraft | undefined;
}

/** Makes a request safe to retry. Both texts are digests. */
export interface IdempotencyKey {
  /** The key that the client sent. */
  readonly key: string;
  /** The content of the request. */
  readonly fingerprint: string;
}
