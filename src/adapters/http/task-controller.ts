import type { ManageTasks } from '../../application/manage-tasks.js';
import { maxPageSize, parsePaging, type Paging } from '../../domain/page.js';
import type { Task } from '../../domain/task.js';
import { answer, answerJson, answerStream } from './answer.js';
import type { Authentication } from './authentication.js';
import type { Action, Context } from './context.js';
import { idempotencyKey } from './idempotency-key.js';
import { parseForm, type FormEntries } from './parse-form.js';
import type { ReadFields } from './request-body.js';
import { jsonOfTask, jsonOfTasks } from './task-json.js';

/** The caller's tasks. What is wrong with the caller is told before anything that is wrong with the request. */
export class TaskController {
  constructor(
    private readonly authentication: Authentication,
    private readonly readFields: ReadFields,
    private readonly tasks: ManageTasks,
  ) {}

  readonly list: Action = async (ctx) => {
    const query = queryOf(ctx);
    const [limit, after, offset] = ['limit', 'after', 'offset'].map((name) => lastValue(query, name));
    const paging = parsePaging(limit, after, offset);
    return paging.limit === undefined
      ? this.listAll(ctx, paging.after)
      : this.listPage(ctx, query, { ...paging, limit: paging.limit });
  };

  readonly create: Action = async (ctx) => {
    const task = await this.authentication.within(ctx, async ({ userId, sessionId }) => {
      const key = idempotencyKey(ctx);
      return await this.tasks.create(userId, await this.readFields(ctx), sessionId, key);
    });
    answerJson(ctx, 201, jsonOfTask(task));
  };

  readonly get: Action = async (ctx) => {
    const { taskId: id = 0 } = ctx.state;
    const task = await this.authentication.within(ctx, ({ userId, sessionId }) =>
      this.tasks.get(userId, id, sessionId),
    );
    answerJson(ctx, 200, jsonOfTask(task));
  };

  readonly update: Action = async (ctx) => {
    const { taskId: id = 0 } = ctx.state;
    const task = await this.authentication.within(ctx, ({ userId, sessionId }) =>
      this.tasks.update(userId, id, this.readFields(ctx), sessionId),
    );
    answerJson(ctx, 200, jsonOfTask(task));
  };

  readonly delete: Action = async (ctx) => {
    const { taskId: id = 0 } = ctx.state;
    await this.authentication.within(ctx, ({ userId, sessionId }) =>
      this.tasks.delete(userId, id, sessionId),
    );
    answer(ctx, 200, { message: 'Task deleted successfully' });
  };

  /** One page, with a link to the next while there is more (RFC 8288). */
  private async listPage(ctx: Context, query: FormEntries, page: PageRequest): Promise<void> {
    const { limit, after, offset } = page;
    const tasks = await this.authentication.within(ctx, ({ userId, sessionId }) =>
      this.tasks.list(userId, { after, offset: offset ?? 0, limit: limit + 1 }, sessionId),
    );
    const last = tasks[limit - 1];
    const hasMore = last && tasks.length > limit;
    const link = hasMore ? { Link: `<${nextPage(query, page, last)}>; rel="next"` } : {};
    answerJson(ctx, 200, `[${jsonOfTasks(tasks.slice(0, limit))}]`, link);
  }

  /** The whole list: at once if it is short, page by page as the client takes it if it is long. */
  private async listAll(ctx: Context, after: number): Promise<void> {
    const { tasks, userId } = await this.authentication.within(
      ctx,
      async ({ userId: ownerId, sessionId }) => {
        const page = { after, limit: maxPageSize };
        return { tasks: await this.tasks.list(ownerId, page, sessionId), userId: ownerId };
      },
    );
    const last = tasks[maxPageSize - 1];
    if (!last) return answerJson(ctx, 200, `[${jsonOfTasks(tasks)}]`);
    return answerStream(ctx, jsonArray(tasks, this.tasks.listAll(userId, last.id)));
  }
}

/** What a client asks for that pages. */
type PageRequest = Paging & { readonly limit: number };

/** The parameters of a query. Koa's own `ctx.query` takes quadratic time for many of them. */
function queryOf({ querystring }: Context): FormEntries {
  return querystring === '' ? [] : parseForm(querystring, (bytes) => bytes.toString());
}

/** The last value of a parameter, as clients are used to; undefined if it is missing. */
function lastValue(query: FormEntries, name: string): string | undefined {
  return query.findLast(([given]) => given === name)?.[1];
}

/**
 * A relative reference to the next page, which is right behind any prefix of a proxy. It keeps the other parameters,
 * and goes on by offset where the client does.
 */
function nextPage(query: FormEntries, { limit, after, offset }: PageRequest, last: Task): string {
  const next = new URLSearchParams({ limit: String(limit) });
  for (const [name, value] of query) {
    if (!['limit', 'after', 'offset'].includes(name)) next.append(name, value);
  }
  if (offset === undefined) next.append('after', String(last.id));
  else {
    if (after > 0) next.append('after', String(after));
    next.append('offset', String(offset + limit));
  }
  return `?${next.toString()}`;
}

async function* jsonArray(
  first: readonly Task[],
  more: AsyncIterable<readonly Task[]>,
): AsyncGenerator<string> {
  yield `[${jsonOfTasks(first)}`;
  for await (const tasks of more) {
    if (tasks.length > 0) yield `,${jsonOfTasks(tasks)}`;
  }
  yield ']';
}
