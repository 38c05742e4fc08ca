import type { RepeatableRequest, TaskRepository } from '../../application/ports.js';
import { DomainError } from '../../domain/errors.js';
import type { Page } from '../../domain/page.js';
import type { Task, TaskChanges, TaskDraft } from '../../domain/task.js';
import type { InMemoryRequests } from './in-memory-requests.js';
import type { InMemorySessionRepository } from './in-memory-session-repository.js';

interface TaskList {
  lastId: number;
  /** In the order of ids. */
  readonly tasks: Task[];
}

export class InMemoryTaskRepository implements TaskRepository {
  private readonly lists = new Map<number, TaskList>();

  constructor(
    private readonly sessions: InMemorySessionRepository,
    private readonly requests: InMemoryRequests,
  ) {}

  async create(
    ownerId: number,
    draft: TaskDraft,
    within?: string,
    limit = Infinity,
    request?: RepeatableRequest,
  ): Promise<Task> {
    this.sessions.requireLive(ownerId, within);
    const { title, description, status } = draft;
    const knownId = request && this.requests.find(ownerId, request);
    if (knownId !== undefined) return { id: knownId, title, description, status };

    let list = this.lists.get(ownerId);
    if (!list) this.lists.set(ownerId, (list = { lastId: 0, tasks: [] }));
    if (list.tasks.length >= limit) throw new DomainError('task_limit_reached');
    const task: Task = { id: ++list.lastId, title, description, status };
    list.tasks.push(task);
    if (request) this.requests.add(ownerId, request, task.id);
    return task;
  }

  async find(ownerId: number, id: number, within?: string): Promise<Task | undefined> {
    this.sessions.requireLive(ownerId, within);
    const tasks = this.tasksOf(ownerId);
    return tasks[indexOf(tasks, id)];
  }

  async list(ownerId: number, { after, limit }: Page, within?: string): Promise<readonly Task[]> {
    this.sessions.requireLive(ownerId, within);
    const tasks = this.tasksOf(ownerId);
    const start = firstIndexFrom(tasks, after + 1);
    return tasks.slice(start, start + limit);
  }

  async update(
    ownerId: number,
    id: number,
    changes: TaskChanges,
    within?: string,
  ): Promise<Task | undefined> {
    this.sessions.requireLive(ownerId, within);
    const tasks = this.tasksOf(ownerId);
    const index = indexOf(tasks, id);
    const task = tasks[index];
    if (!task) return undefined;
    return (tasks[index] = { ...task, ...changes });
  }

  async remove(ownerId: number, id: number, within?: string): Promise<boolean> {
    this.sessions.requireLive(ownerId, within);
    const tasks = this.tasksOf(ownerId);
    const index = indexOf(tasks, id);
    if (index === -1) return false;
    tasks.splice(index, 1);
    return true;
  }

  /** Deletes every task of an owner who is not coming back. */
  removeAll(ownerId: number): void {
    this.lists.delete(ownerId);
  }

  private tasksOf(ownerId: number): Task[] {
    return this.lists.get(ownerId)?.tasks ?? [];
  }
}

/** Where the task stands, or -1. */
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
