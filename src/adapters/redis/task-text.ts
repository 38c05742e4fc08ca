import { UnreadableData } from '../../domain/errors.js';
import {
  taskStatuses,
  type Task,
  type TaskDraft,
  type TaskPage,
  type TaskStatus,
} from '../../domain/task.js';

/**
 * A task as text: id, status, title and description, with U+0000 between them. None of them is empty or holds it, for the
 * domain refuses that. What follows the description belongs to other versions, and is kept. JSON would take 44 bytes more
 * per task, and twice the time to read.
 */
export function textAfterId({ status, title, description }: TaskDraft): string {
  return `\0${status}\0${title}\0${description}`;
}

/** Reads the text of the task of this id, which stands at `key`; throws UnreadableData. */
export function parseTask(text: string, id: number, key: string): Task {
  const task = taskIn(text.split('\0'), 0);
  if (task?.id !== id) throw new UnreadableData(key, `${id}`);
  return task;
}

/** Reads a page of the tasks at `key` with an id above `after`, as `listTasks` replies it; throws UnreadableData. */
export function parsePage(reply: string | readonly string[], after: number, key: string): TaskPage {
  const tasks: Task[] = [];
  let last = after;
  const add = (parts: readonly string[], start: number) => {
    const task = taskIn(parts, start);
    if (!task || task.id <= last) throw new UnreadableData(key, `above ${last}`);
    last = task.id;
    tasks.push(task);
  };

  if (typeof reply !== 'string') {
    for (const text of reply.slice(1)) add(text.split('\0'), 0);
    return { tasks, hasMore: reply[0] === 'more' };
  }
  const parts = reply.split('\0');
  for (let end = parts.indexOf(''); end !== -1; end = parts.indexOf('', end + 1)) add(parts, end + 1);
  return { tasks, hasMore: parts[0] === 'more' };
}

const statuses: ReadonlySet<string> = new Set(taskStatuses);

function taskIn(parts: readonly string[], start: number): Task | undefined {
  const id = Number(parts[start]);
  const status = parts[start + 1] ?? '';
  const title = parts[start + 2];
  const description = parts[start + 3];
  if (!Number.isSafeInteger(id) || !statuses.has(status) || !title || !description) return undefined;
  return { id, title, description, status: status as TaskStatus };
}
