export const statuses = ['pending', 'in-progress', 'completed'] as const;

export interface Task {
  readonly id: number;
  readonly title: string;
  readonly description: string;
  readonly status: (typeof statuses)[number];
}

export type TaskDraft = Omit<Task, 'id'>;

/** The fields of a new task; undefined if one of them is wrong. */
export function parseDraft(body: unknown): TaskDraft | undefined {
  const { title, description, status = 'pending' } = parseChanges(body) ?? {};
  return title === undefined || description === undefined ? undefined : { title, description, status };
}

/** The fields to change; undefined if one of them is wrong. */
export function parseChanges(body: unknown): Partial<TaskDraft> | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const changes: { -readonly [K in keyof TaskDraft]?: TaskDraft[K] } = {};
  if ('title' in body) {
    const title = parseText(body.title);
    if (title === undefined || title.length > 255) return undefined;
    changes.title = title;
  }
  if ('description' in body) {
    const description = parseText(body.description);
    if (description === undefined) return undefined;
    changes.description = description;
  }
  if ('status' in body) {
    const status = statuses.find((known) => known === body.status);
    if (status === undefined) return undefined;
    changes.status = status;
  }
  return changes;
}

function parseText(value: unknown): string | undefined {
  return typeof value === 'string' ? value.trim() || undefined : undefined;
}
