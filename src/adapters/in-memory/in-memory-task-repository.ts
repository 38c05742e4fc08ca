import type { SessionRef } from '../../application/ports/session-repository.js';
import type {
  CreateTaskOptions,
  TaskRepository,
  UpdateTaskOptions,
} from '../../application/ports/task-repository.js';
import type { Clock } from '../../application/ports/environment.js';
import { DomainError } from '../../domain/errors.js';
import { maxPageBytes, type Page } from '../../domain/page.js';
import { TaskSelector } from '../../domain/task-selector.js';
import type { TaskQuery, TaskSelection } from '../../domain/task-query.js';
import {
  nextRevision,
  type Task,
  type TaskChanges,
  type TaskDraft,
  type TaskPage,
  type TaskSummary,
} from '../../domain/task.js';
import type { InMemoryIdempotencyKeys } from './in-memory-idempotency-keys.js';
import type { InMemorySessionRepository } from './in-memory-session-repository.js';

interface TaskList {
  lastId: number;
  /** The bytes of the texts of all tasks. */
  bytes: number;
  revision: number;
  /** Ordered by id. */
  readonly tasks: Task[];
}

/** Tasks in a Map. Each method but `select` is one step, because it awaits nothing. */
export class InMemoryTaskRepository implements TaskRepository {
  private readonly lists = new Map<number, TaskList>();
  private readonly selector = new TaskSelector(() => new Promise((resolve) => setImmediate(resolve)));

  constructor(
    private readonly sessions: InMemorySessionRepository,
    private readonly idempotencyKeys: InMemoryIdempotencyKeys,
    private readonly clock: Clock,
  ) {}

  async create(
    session: SessionRef,
    draft: TaskDraft,
    { limits, idempotency }: CreateTaskOptions,
  ): Promise<Task> {
    this.sessions.requireActive(session);
    const { userId } = session;
    const { title, description, status } = draft;
    const knownId = idempotency && this.idempotencyKeys.find(userId, idempotency);
    if (knownId !== undefined) return { id: knownId, title, description, status };

    let list = this.lists.get(userId);
    if (!list) this.lists.set(userId, (list = newList()));
    const bytes = bytesOf(draft);
    if (list.tasks.length >= limits.tasks) throw new DomainError('task_limit_reached');
    if (list.bytes + bytes > limits.bytes) throw new DomainError('byte_limit_reached');
    if (idempotency && this.idempotencyKeys.countOf(userId) >= limits.idempotencyKeys) {
      throw new DomainError('idempotency_key_limit_reached');
    }
    const task: Task = { id: ++list.lastId, title, description, status };
    list.tasks.push(task);
    this.recordChange(list, bytes);
    if (idempotency) this.idempotencyKeys.add(userId, idempotency, task.id);
    return task;
  }

  async find(session: SessionRef, id: number): Promise<Task | undefined> {
    this.sessions.requireActive(session);
    const { tasks } = this.lists.get(session.userId) ?? emptyList;
    return tasks[indexOf(tasks, id)];
  }

  async list(session: SessionRef, { after, limit }: Page): Promise<TaskPage> {
    this.sessions.requireActive(session);
    const list = this.lists.get(session.userId) ?? emptyList;
    const start = firstIndexFrom(list.tasks, after + 1);
    return pageOf(list, list.tasks.slice(start, start + limit), list.tasks.length - start);
  }

  select(session: SessionRef, query: TaskQuery): Promise<TaskSelection> {
    return this.selector.select(query, {
      readPage: async ({ after, limit, descending }) => {
        if (!descending) return this.list(session, { after, limit });
        this.sessions.requireActive(session);
        const list = this.lists.get(session.userId) ?? emptyList;
        const end = firstIndexFrom(list.tasks, after);
        return pageOf(list, list.tasks.slice(Math.max(0, end - limit), end).toReversed(), end);
      },
      readMany: async (ids) => {
        this.sessions.requireActive(session);
        const list = this.lists.get(session.userId) ?? emptyList;
        const tasks = ids.flatMap((id) => list.tasks[indexOf(list.tasks, id)] ?? []);
        return pageOf(list, tasks, tasks.length);
      },
    });
  }

  async summary(session: SessionRef): Promise<TaskSummary> {
    this.sessions.requireActive(session);
    return this.summaryOf(session.userId);
  }

  async summaryOf(userId: number): Promise<TaskSummary> {
    const { revision, bytes, tasks } = this.lists.get(userId) ?? emptyList;
    return { revision, count: tasks.length, bytes };
  }

  async update(
    session: SessionRef,
    id: number,
    changes: TaskChanges,
    { maxBytes, expected }: UpdateTaskOptions,
  ): Promise<Task | undefined> {
    this.sessions.requireActive(session);
    const list = this.lists.get(session.userId) ?? emptyList;
    const index = indexOf(list.tasks, id);
    const task = list.tasks[index];
    if (!task) return undefined;
    requireExpected(task, expected);
    const updated = { ...task, ...changes };
    const growth = bytesOf(updated) - bytesOf(task);
    if (growth > 0 && list.bytes + growth > maxBytes) throw new DomainError('byte_limit_reached');
    this.recordChange(list, growth);
    return (list.tasks[index] = updated);
  }

  async remove(session: SessionRef, id: number, expected?: TaskDraft): Promise<boolean> {
    this.sessions.requireActive(session);
    const list = this.lists.get(session.userId) ?? emptyList;
    const index = indexOf(list.tasks, id);
    const task = list.tasks[index];
    if (!task) return false;
    requireExpected(task, expected);
    list.tasks.splice(index, 1);
    this.recordChange(list, -bytesOf(task));
    return true;
  }

  /** An owner's tasks in the order of their ids, and the last id that was used. */
  all(ownerId: number): { readonly tasks: readonly Task[]; readonly lastId: number } {
    return this.lists.get(ownerId) ?? emptyList;
  }

  /** Gives an owner these tasks, who had none. */
  restore(ownerId: number, tasks: Task[], lastId: number): void {
    const list: TaskList = { ...newList(), tasks, lastId };
    this.recordChange(
      list,
      tasks.reduce((sum, task) => sum + bytesOf(task), 0),
    );
    this.lists.set(ownerId, list);
  }

  /** Deletes all tasks of an owner who was removed. */
  removeAll(ownerId: number): void {
    this.lists.delete(ownerId);
  }

  private recordChange(list: TaskList, growth: number): void {
    list.bytes += growth;
    list.revision = nextRevision(list.revision, this.clock());
  }
}

/** The list of users without tasks. It is never changed. */
const emptyList = newList();

function newList(): TaskList {
  return { lastId: 0, bytes: 0, revision: 0, tasks: [] };
}

/** The page of these tasks of the list, which are the first of as many as `left`. May shorten `tasks`. */
function pageOf(list: TaskList, tasks: Task[], left: number): TaskPage {
  // If all texts fit on a page, no list needs to count them.
  if (list.bytes > maxPageBytes) tasks.splice(lengthOfPage(tasks));
  return { tasks, hasMore: tasks.length < left, total: list.tasks.length, revision: list.revision };
}

function requireExpected(task: Task, expected: TaskDraft | undefined): void {
  if (!expected) return;
  const { title, description, status } = expected;
  if (task.title !== title || task.description !== description || task.status !== status) {
    throw new DomainError('task_changed');
  }
}

/** How many of the tasks fit on one page. */
export function lengthOfPage(tasks: readonly Task[]): number {
  let bytes = 0;
  const last = tasks.findIndex((task) => (bytes += bytesOf(task)) > maxPageBytes);
  return last === -1 ? tasks.length : last + 1;
}

/** The size of a task's title and description, in bytes of UTF-8. */
function bytesOf({ title, description }: TaskDraft): number {
  return Buffer.byteLength(title) + Buffer.byteLength(description);
}

/** The index of the task, or -1. */
function indexOf(tasks: readonly Task[], id: number): number {
  const index = firstIndexFrom(tasks, id);
  return tasks[index]?.id === id ? index : -1;
}

/** The index of the first task whose id is at least `id`, by binary search. */
function firstIndexFrom(tasks: readonly Task[], id: number): number {
  let low = 0;
  let high = tasks.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((tasks[middle]?.id ?? Infinity) < id) low = middle + 1;
    else high = middle;
  }
  return low;
}
