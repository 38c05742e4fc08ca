import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { keysOf } from './sessions.js';
import type { Task, TaskDraft } from './tasks.js';
import type { Claims } from './tokens.js';

/**
 * Tasks as JSON in one sorted set per user, scored by id. Each operation is one round trip to Redis that looks the session up
 * as well: 'no session' is its result if there is none.
 */
export class OneRoundTripTasks {
  constructor(private readonly redis: Redis) {}

  async list(caller: Claims): Promise<Task[] | 'no session'> {
    return this.read(caller, '-inf', '+inf');
  }

  async create(caller: Claims, { title, description, status }: TaskDraft): Promise<Task | 'no session'> {
    const { sessions, tasks, taskIds } = keysOf(caller.userId);
    const afterId = `,${JSON.stringify({ title, description, status }).slice(1)}`;
    const id = (await create(this.redis, [sessions, tasks, taskIds], [caller.sessionId, afterId])) as number;
    return id === noSession ? 'no session' : { id, title, description, status };
  }

  async find(caller: Claims, id: number): Promise<Task | undefined | 'no session'> {
    const found = await this.read(caller, id, id);
    return found === 'no session' ? found : found[0];
  }

  async update(
    caller: Claims,
    id: number,
    { title, description, status }: Partial<TaskDraft>,
  ): Promise<Task | undefined | 'no session'> {
    const { sessions, tasks } = keysOf(caller.userId);
    const fields = [title, description, status].map((value) =>
      value === undefined ? '' : JSON.stringify(value),
    );
    const text = (await update(this.redis, [sessions, tasks], [caller.sessionId, id, ...fields])) as
      string | null | typeof noSession;
    if (text === noSession) return 'no session';
    return text === null ? undefined : parse(text);
  }

  async remove(caller: Claims, id: number): Promise<boolean | 'no session'> {
    const { sessions, tasks } = keysOf(caller.userId);
    const removed = (await remove(this.redis, [sessions, tasks], [caller.sessionId, id])) as number;
    return removed === noSession ? 'no session' : removed === 1;
  }

  private async read(
    { userId, sessionId }: Claims,
    from: number | string,
    to: number | string,
  ): Promise<Task[] | 'no session'> {
    const { sessions, tasks } = keysOf(userId);
    const texts = (await read(this.redis, [sessions, tasks], [sessionId, from, to])) as
      string[] | typeof noSession;
    return texts === noSession ? 'no session' : texts.map(parse);
  }
}

/** The result of a script that does nothing else. */
const noSession = -1;

/** KEYS sessions, tasks; ARGV session, the lowest id, the highest. The tasks between them. */
const read = script(`
  return redis.call('ZRANGEBYSCORE', KEYS[2], ARGV[2], ARGV[3])`);

/** KEYS sessions, tasks, task ids; ARGV session, the task's JSON after its id. The new id. */
const create = script(`
  local id = redis.call('INCR', KEYS[3])
  local text = string.format('%d', id)
  redis.call('ZADD', KEYS[2], text, '{"id":' .. text .. ARGV[2])
  return id`);

/** KEYS sessions, tasks; ARGV session, id, title, description and status as JSON, each empty to stay. The task, or nil. */
const update = script(`
  local old = redis.call('ZRANGEBYSCORE', KEYS[2], ARGV[2], ARGV[2])[1]
  if not old then return false end
  local task = cjson.decode(old)
  local function field(given, kept) return given ~= '' and given or cjson.encode(kept) end
  local new = '{"id":' .. ARGV[2] .. ',"title":' .. field(ARGV[3], task.title)
    .. ',"description":' .. field(ARGV[4], task.description) .. ',"status":' .. field(ARGV[5], task.status) .. '}'
  redis.call('ZREM', KEYS[2], old)
  redis.call('ZADD', KEYS[2], ARGV[2], new)
  return new`);

/** KEYS sessions, tasks; ARGV session, id. 1 if the task was there. */
const remove = script(`
  return redis.call('ZREMRANGEBYSCORE', KEYS[2], ARGV[2], ARGV[2])`);

function script(work: string): (redis: Redis, keys: string[], args: (string | number)[]) => Promise<unknown> {
  const lua = `if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return ${noSession} end${work}`;
  const sha = createHash('sha1').update(lua).digest('hex');
  return async (redis, keys, args) => {
    try {
      return await redis.evalsha(sha, keys.length, ...keys, ...args);
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
      return redis.eval(lua, keys.length, ...keys, ...args);
    }
  };
}

function parse(text: string): Task {
  return JSON.parse(text) as Task;
}
