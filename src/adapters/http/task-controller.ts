import type { ManageTasks } from '../../application/manage-tasks.js';
import { maxPageSize, parseAfter, parsePage } from '../../domain/page.js';
import type { Task } from '../../domain/task.js';
import { answer, answerJson, answerStream } from './answer.js';
import type { Authentication } from './authentication.js';
import type { Action, Context } from './context.js';
import { idempotencyKey } from './idempotency-key.js';
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
    const limit = queryParameter(ctx, 'limit');
    return limit === undefined ? this.listAll(ctx) : this.listPage(ctx, limit);
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
  private async listPage(ctx: Context, limit: string): Promise<void> {
    const { tasks, size } = await this.authentication.within(ctx, async ({ userId, sessionId }) => {
      const page = parsePage(limit, queryParameter(ctx, 'after'));
      const withOneMore = { ...page, limit: page.limit + 1 };
      return { tasks: await this.tasks.list(userId, withOneMore, sessionId), size: page.limit };
    });
    const last = tasks[size - 1];
    const hasMore = last && tasks.length > size;
    const link = hasMore ? { Link: `</tasks/?limit=${size}&after=${last.id}>; rel="next"` } : {};
    answerJson(ctx, 200, `[${jsonOfTasks(tasks.slice(0, size))}]`, link);
  }

  /** The whole list: at once if it is short, page by page as the client takes it if it is long. */
  private async listAll(ctx: Context): Promise<void> {
    const { tasks, userId } = await this.authentication.within(
      ctx,
      async ({ userId: ownerId, sessionId }) => {
        const page = { after: parseAfter(queryParameter(ctx, 'after')), limit: maxPageSize };
        return { tasks: await this.tasks.list(ownerId, page, sessionId), userId: ownerId };
      },
    );
    const last = tasks[maxPageSize - 1];
    if (!last) return answerJson(ctx, 200, `[${jsonOfTasks(tasks)}]`);
    return answerStream(ctx, jsonArray(tasks, this.tasks.listAll(userId, last.id)));
  }
}

/** The last value of a query parameter, as clients are used to; undefined if it is missing. */
function queryParameter(ctx: Context, name: string): string | undefined {
  return ctx.querystring === '' ? undefined : [ctx.query[name]].flat().at(-1);
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
