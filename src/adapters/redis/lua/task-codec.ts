import { UnreadableData } from '../../../application/ports/storage.js';
import {
  taskStatuses,
  type Task,
  type TaskDraft,
  type TaskPage,
  type TaskStatus,
} from '../../../domain/task.js';

/**
 * A task as text: id, status, title and description, separated by U+0000. None of them is empty or contains U+0000: the
 * domain rejects such texts. Anything after the description belongs to other versions, and is kept. JSON would take 44
 * more bytes per task, and twice the time to parse.
 */
export function textAfterId({ status, title, description }: TaskDraft): string {
  return `\0${status}\0${title}\0${description}`;
}

/** Parses the text of the task with this id, which is stored at `key`; throws UnreadableData. */
export function parseTask(text: string, id: number, key: string): Task {
  const task = taskIn(text.split('\0'), 0);
  if (task?.id !== id) throw new UnreadableData(key, `${id}`);
  return task;
}

/** Whether a task may stand where it is on a page; `previous` is the id before its own, or where the page starts. */
type Follows = (id: number, previous: number) => boolean;

export const ascending: Follows = (id, previous) => id > previous;
export const descending: Follows = (id, previous) => id < previous;

/** Parses a page of the tasks at `key` after the id `after`, as scripts reply it; throws UnreadableData. */
export function parsePage(
  reply: string | readonly string[],
  after: number,
  follows: Follows,
  key: string,
): TaskPage {
  const parts = (typeof reply === 'string' ? reply : reply.join('\0\0')).split('\0');
  const end = parts.length - 3;
  const tasks: Task[] = [];
  let last = after;
  for (let i = 0; i < end; i++) {
    const task = taskIn(parts, i);
    if (!task || !follows(task.id, last)) throw new UnreadableData(key, `after ${last}`);
    last = task.id;
    tasks.push(task);
    // An empty part marks the end of a task.
    for (i += 4; i < end && parts[i] !== ''; i++);
  }
  return {
    tasks,
    hasMore: parts[end] === 'more',
    total: Number(parts[end + 1]),
    revision: Number(parts[end + 2]),
  };
}

function taskIn(parts: readonly string[], start: number): Task | undefined {
  const id = Number(parts[start]);
  const status = statusOf(parts[start + 1]);
  const title = parts[start + 2];
  const description = parts[start + 3];
  if (!Number.isSafeInteger(id) || !status || !title || !description) return undefined;
  return { id, title, description, status };
}

function statusOf(text: string | undefined): TaskStatus | undefined {
  for (const status of taskStatuses) if (status === text) return status;
  return undefined;
}
