import type { LimitLongReads } from '../../application/limit-long-reads.js';
import type { ListEnd, ManageTasks } from '../../application/manage-tasks.js';
import { parsePaging, type Paging } from '../../domain/page.js';
import type { TaskPage } from '../../domain/task.js';
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
    private readonly longReads: LimitLongReads,
  ) {}

  /**
   * A list, at once if it is short, and page by page as the client takes it if it is long. One with a limit has a link to
   * the next while there is more (RFC 8288).
   */
  readonly list: Action = async (ctx) => {
    const query = queryOf(ctx);
    const [limitText, afterText, offsetText] = ['limit', 'after', 'offset'].map((name) =>
      lastValue(query, name),
    );
    const paging = parsePaging(limitText, afterText, offsetText);
    const { after, offset, limit = Infinity } = paging;
    const { caller, first } = await this.authentication.within(ctx, async (who) => ({
      caller: who,
      first: await this.tasks.list(who.userId, { after, limit, offset }, who.sessionId),
    }));

    const json = jsonOfTasks(first.tasks);
    const end = { lastId: first.tasks.at(-1)?.id ?? after, hasMore: first.hasMore };
    const rest = { after: end.lastId, limit: limit - first.tasks.length };
    const isWhole = !first.hasMore || rest.limit === 0;
    if (isWhole && json.length <= maxShortText) {
      return answerJson(ctx, 200, `[${json}]`, linkToNext(query, paging, end));
    }
    const { userId, sessionId } = caller;
    await this.longReads.run(userId, async () => {
      if (isWhole) return answerStream(ctx, jsonArray(json, []), linkToNext(query, paging, end));
      // The link comes before the tasks, and names the last of them.
      const wholeEnd = limit === Infinity ? undefined : await this.tasks.endOf(userId, rest, sessionId);
      const pages = this.tasks.listOn(userId, rest, sessionId);
      const link = wholeEnd && linkToNext(query, paging, wholeEnd);
      return answerStream(ctx, jsonArray(json, pages, wholeEnd?.lastId), link);
    });
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
}

/** How long a list may be, in characters of JSON, and still not count as a long read. */
const maxShortText = 2 ** 18;

/** The parameters of a query. Koa's own `ctx.query` takes quadratic time for many of them. */
function queryOf({ querystring }: Context): FormEntries {
  return querystring === '' ? [] : parseForm(querystring, (bytes) => bytes.toString());
}

/** The last value of a parameter, as clients are used to; undefined if it is missing. */
function lastValue(query: FormEntries, name: string): string | undefined {
  return query.findLast(([given]) => given === name)?.[1];
}

/**
 * The header with a relative reference to the next page, which is right behind any prefix of a proxy. It keeps the other
 * parameters, and goes on by offset where the client does. None behind the last page, or for a client that does not page.
 */
function linkToNext(
  query: FormEntries,
  { limit, after, offset }: Paging,
  { lastId, hasMore }: ListEnd,
): Record<string, string> {
  if (limit === undefined || !hasMore) return {};
  const next = new URLSearchParams({ limit: String(limit) });
  for (const [name, value] of query) {
    if (!['limit', 'after', 'offset'].includes(name)) next.append(name, value);
  }
  if (offset === undefined) next.append('after', String(lastId));
  else {
    if (after > 0) next.append('after', String(after));
    next.append('offset', String(offset + limit));
  }
  return { Link: `<?${next.toString()}>; rel="next"` };
}

/** A list that begins with the first tasks, and goes on with pages as they come, up to an id. */
async function* jsonArray(
  first: string,
  more: AsyncIterable<TaskPage> | readonly TaskPage[],
  upTo = Infinity,
): AsyncGenerator<string> {
  yield `[${first}`;
  for await (const { tasks } of more) {
    const json = jsonOfTasks(tasks.filter(({ id }) => id <= upTo));
    if (json !== '') yield `,${json}`;
  }
  yield ']';
}
