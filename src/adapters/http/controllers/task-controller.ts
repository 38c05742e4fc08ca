import { Readable } from 'node:stream';
import type { LongReadLimiter } from '../../../application/long-read-limiter.js';
import {
  restOf,
  type ListEnd,
  type ManageTasks,
  type Precondition,
} from '../../../application/manage-tasks.js';
import type { Task } from '../../../domain/task.js';
import type { TaskSelection } from '../../../domain/task-query.js';
import type { Context, SessionHandler } from '../context.js';
import { idempotencyKey } from '../request/idempotency-key.js';
import { linkToNext, parseListQuery } from '../request/list-query.js';
import { ifMatch, ifNoneMatch } from '../request/preconditions.js';
import { entityTag, listTag } from '../response/entity-tag.js';
import { reply, replyJson, replyNotModified } from '../response/reply.js';
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
    const query = parseListQuery(ctx.querystring);
    const { selection, offset, limit, count } = query;
    const { session } = ctx.state;
    const isKnown = ifNoneMatch(ctx);
    if (isKnown) {
      const tag = listTag(session.userId, await this.tasks.revision(session));
      if (isKnown(tag)) return replyNotModified(ctx, tag);
    }
    const isLong = selection && (await this.tasks.isLongRead(session, selection, offset));
    let release = isLong ? this.longReads.begin(session.userId) : undefined;
    try {
      const first = await this.tasks.list(session, query);
      const headersOf = (end: ListEnd) => ({
        ETag: listTag(session.userId, first.revision),
        ...(count && { 'X-Total-Count': String(first.total) }),
        ...linkToNext(ctx.querystring, query, end),
      });
      const json = tasksToJson(first.tasks);
      const isWhole = !first.hasMore || first.tasks.length === limit;
      const firstEnd = { lastId: first.tasks.at(-1)?.id, hasMore: first.hasMore };
      if (isWhole && json.length <= maxShortText) {
        release?.();
        return replyJson(ctx, 200, `[${json}]`, headersOf(firstEnd));
      }

      release ??= this.longReads.begin(session.userId);
      // The Link header is sent before the tasks, but contains the id of the last one.
      const end = isWhole ? firstEnd : await this.tasks.endOf(session, query, first);
      const pages = isWhole ? [] : this.tasks.listOn(session, restOf(query, first));
      const isListed = untilId(end.lastId, selection?.order.descending);
      // Backpressure: a page is read when the client has read the one before it.
      const options = { highWaterMark: 1 };
      const body = Readable.from(jsonArray(json, pages, isListed), options).once('close', release);
      replyJson(ctx, 200, body, headersOf(end));
    } catch (error) {
      release?.();
      throw error;
    }
  };

  readonly create: SessionHandler = async (ctx) => {
    const key = idempotencyKey(ctx);
    const task = await this.tasks.create(ctx.state.session, await this.readFields(ctx), key);
    replyTask(ctx, 201, task);
  };

  readonly get: SessionHandler = async (ctx) => {
    const json = taskToJson(await this.tasks.get(ctx.state.session, taskIdOf(ctx)));
    const tag = entityTag(json);
    if (ifNoneMatch(ctx)?.(tag)) return replyNotModified(ctx, tag);
    replyJson(ctx, 200, json, { ETag: tag });
  };

  readonly update: SessionHandler = async (ctx) => {
    const { session } = ctx.state;
    const id = taskIdOf(ctx);
    const fields = await this.readFields(ctx).catch(async (error: unknown) => {
      await this.tasks.get(session, id); // A missing task is reported before an unreadable body.
      throw error;
    });
    replyTask(ctx, 200, await this.tasks.update(session, id, fields, precondition(ctx)));
  };

  readonly delete: SessionHandler = async (ctx) => {
    await this.tasks.delete(ctx.state.session, taskIdOf(ctx), precondition(ctx));
    reply(ctx, 200, { message: 'Task deleted successfully' });
  };
}

/** Responds with a task as it is after a change. */
function replyTask(ctx: Context, status: number, task: Task): void {
  const json = taskToJson(task);
  replyJson(ctx, status, json, { ETag: entityTag(json) });
}

/** The precondition that If-Match sets: that the task's entity tag is among the given ones. */
function precondition(ctx: Context): Precondition | undefined {
  const isMatch = ifMatch(ctx);
  return isMatch && ((task) => isMatch(entityTag(taskToJson(task))));
}

function taskIdOf(ctx: Context): number {
  return ctx.state.taskId ?? 0;
}

/** Lists of up to this many characters of JSON do not count as long reads. */
const maxShortText = 2 ** 18;

/** Whether a task is on a list that ends at this id: a task created or deleted since must not move the end. */
function untilId(lastId: number | undefined, descending = false): (task: Task) => boolean {
  if (lastId === undefined) return () => true;
  return ({ id }) => (descending ? id >= lastId : id <= lastId);
}

/** A JSON array of the first tasks, followed by those listed of the pages that arrive. */
async function* jsonArray(
  first: string,
  more: AsyncIterable<TaskSelection> | readonly TaskSelection[],
  isListed: (task: Task) => boolean,
): AsyncGenerator<string> {
  yield `[${first}`;
  for await (const { tasks } of more) {
    const json = tasksToJson(tasks.filter(isListed));
    if (json !== '') yield `,${json}`;
  }
  yield ']';
}
