import { validateAll, checkText, type Validated, type Input } from './input.js';

/** Every status that a task can have. */
export const taskStatuses = ['pending', 'in-progress', 'completed'] as const;
export type TaskStatus = (typeof taskStatuses)[number];

/** In code points. */
export const maxTitleLength = 255;

/** A task of one user. The ids of each user's tasks count up from 1, and no id is used twice. */
export interface Task {
  readonly id: number;
  readonly title: string;
  readonly description: string;
  readonly status: TaskStatus;
}

/** A task that has no id yet. */
export type TaskDraft = Omit<Task, 'id'>;

/** New values for some of a task's fields. */
export type TaskChanges = Partial<TaskDraft>;

/** Some of an owner's tasks, ordered by id, and whether more follow. */
export interface TaskPage {
  readonly tasks: readonly Task[];
  readonly hasMore: boolean;
  /** How many tasks the owner has. */
  readonly total: number;
  readonly revision: number;
}

/** All of an owner's tasks in numbers. */
export interface TaskSummary {
  readonly revision: number;
  readonly count: number;
  /** All titles and descriptions together, in bytes of UTF-8. */
  readonly bytes: number;
}

/** How much one owner may have. */
export interface TaskLimits {
  readonly tasks: number;
  /** All titles and descriptions together, in bytes of UTF-8. */
  readonly bytes: number;
  /** How many idempotency keys are remembered. */
  readonly idempotencyKeys: number;
}

/**
 * The revision of an owner's tasks after a change at `now` (seconds). It is at least the time in milliseconds (a hybrid
 * logical clock): even if the last changes are lost, or all data is restored from an old copy, a revision that was seen
 * before does not come back with other tasks.
 */
export function nextRevision(revision: number, now: number): number {
  return Math.max(revision + 1, Math.floor(now * 1000));
}

/** Parses a new task; throws InvalidFields. */
export function parseTaskDraft(input: Input): TaskDraft {
  return validateAll<TaskDraft>({
    title: checkTitle(input['title']),
    description: checkText(input['description']),
    status: input['status'] === undefined ? { value: 'pending' } : checkStatus(input['status']),
  });
}

/** Parses the fields to change, any subset of a task's fields; throws InvalidFields. */
export function parseTaskChanges(input: Input): TaskChanges {
  const { title, description, status } = input;
  return validateAll<TaskChanges>({
    ...(title !== undefined && { title: checkTitle(title) }),
    ...(description !== undefined && { description: checkText(description) }),
    ...(status !== undefined && { status: checkStatus(status) }),
  });
}

function checkTitle(value: unknown): Validated<string> {
  return checkText(value, { maxLength: maxTitleLength });
}

function checkStatus(value: unknown): Validated<TaskStatus> {
  if (value === null) return { issues: [{ code: 'null' }] };
  const status = taskStatuses.find((known) => known === value);
  return status ? { value: status } : { issues: [{ code: 'not_a_choice', value }] };
}
