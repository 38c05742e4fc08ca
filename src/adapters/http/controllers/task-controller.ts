import { Readable } from 'node:stream';
import type { LongReadLimiter } from '../../../application/long-read-limiter.js';
import type { ManageTasks } from '../../../application/manage-tasks.js';
import type { TaskPage } from '../../../domain/task.js';
import type { Context, SessionHandler } from '../context.js';
import { idempotencyKey } from '../request/idempotency-key.js';
import { linkToNext, parsePaging } from '../request/paging.js';
import { reply, replyJson } from '../response/reply.js';
import type { ReadFields } from '../request/body.js';
import { taskToJson, tasksToJson } from '../response/task-json.js';

/** Handlers for the user's own tasks. A 401 takes precedence over every other error of a request. */
export class TaskController {
  constructor(
    private readonly readFields: ReadFields,
    private readonly tasks: ManageTasks,
    private readonly longReads: LongReadLimiter,
  ) {}

  /**
   * A short list is sent at once. A long list is streamed page by page, with backpressure. A list with a limit links to the
   * next page while there is one (RFC 8288).
   */
  readonly list: SessionHandler = async (ctx) => {
    const paging = parsePaging(ctx.querystring);
    const { after, offset, limit = Infinity } = paging;
    const session = ctx.state.session;
    const first = await this.tasks.list(session, { after, limit, offset });

    const json = tasksToJson(first.tasks);
    const end = { lastId: first.tasks.at(-1)?.id ?? after, hasMore: first.hasMore };
    const rest = { after: end.lastId, limit: limit - first.tasks.length };
    const isWhole = !first.hasMore || rest.limit === 0;
    if (isWhole && json.length <= maxShortText) {
      return replyJson(ctx, 200, `[${json}]`, linkToNext(ctx.querystring, paging, end));
    }
    const release = this.longReads.begin(session.userId);
    try {
      // The Link header is sent before the tasks, but contains the id of the last one.
      const wholeEnd = isWhole || limit === Infinity ? end : await this.tasks.endOf(session, rest);
      const pages = isWhole ? [] : this.tasks.listOn(session, rest);
      const upTo = limit === Infinity ? Infinity : wholeEnd.lastId;
      // Backpressure: a page is read when the client has read the one before it.
      const options = { highWaterMark: 1 };
      const body = Readable.from(jsonArray(json, pages, upTo), options).once('close', release);
      replyJson(ctx, 200, body, linkToNext(ctx.querystring, paging, wholeEnd));
    } catch (error) {
      release();
      throw error;
    }
  };

  readonly create: SessionHandler = async (ctx) => {
    const key = idempotencyKey(ctx);
    const task = await this.tasks.create(ctx.state.session, await this.readFields(ctx), key);
    replyJson(ctx, 201, taskToJson(task));
  };

  readonly get: SessionHandler = async (ctx) => {
    replyJson(ctx, 200, taskToJson(await this.tasks.get(ctx.state.session, taskIdOf(ctx))));
  };

  readonly update: SessionHandler = async (ctx) => {
    const session = ctx.state.session;
    const id = taskIdOf(ctx);
    const fields = await this.readFields(ctx).catch(async (error: unknown) => {
      await this.tasks.get(session, id); // A missing task is reported before an unreadable body.
      throw error;
    });
    const task = await this.tasks.update(session, id, fields);
    replyJson(ctx, 200, taskToJson(task));
  };

  readonly delete: SessionHandler = async (ctx) => {
    await this.tasks.delete(ctx.state.session, taskIdOf(ctx));
    reply(ctx, 200, { message: 'Task deleted successfully' });
  };
}

function taskIdOf(ctx: Context): number {
  return ctx.state.taskId ?? 0;
}

/** Lists of up to this many characters of JSON do not count as long reads. */
const maxShortText = 2 ** 18;

/** A JSON array of the first tasks, followed by pages as they arrive, up to an id. */
async function* jsonArray(
  first: string,
  more: AsyncIterable<TaskPage> | readonly TaskPage[],
  upTo = Infinity,
): AsyncGenerator<string> {
  yield `[${first}`;
  for await (const { tasks } of more) {
    const json = tasksToJson(tasks.filter(({ id }) => id <= upTo));
    if (json !== '') yield `,${json}`;
  }
  yield ']';
}
