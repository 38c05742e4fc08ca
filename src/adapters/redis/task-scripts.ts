import { isLive, operationLifetime } from './lua-functions.js';
import { script } from './script.js';
import type { Refused } from './unless-refused.js';

/** Seconds for which a request that its client may repeat is remembered. */
const requestLifetime = 86_400;

/**
 * KEYS tasks, sessions, task ids, operation or request; ARGV session id, now, how many tasks there may be, the fingerprint of
 * the request or nothing, the task's text after its id. The new id.
 */
export const createTask = script<
  [
    tasks: string,
    sessions: string,
    taskIds: string,
    operation: string,
    sessionId: string,
    now: number,
    limit: number,
    fingerprint: string,
    afterId: string,
  ],
  number | Refused
>(
  4,
  `${isLive}
  local done = redis.call('GET', KEYS[4])
  if not (done and ARGV[4] == '') and not isLive(KEYS[2], ARGV[1], ARGV[2]) then return 'token_revoked' end
  if done then
    local id, fingerprint = string.match(done, '(%d+) (.*)')
    return fingerprint == ARGV[4] and tonumber(id) or 'request_key_reused'
  end
  if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[3]) then return 'task_limit_reached' end
  local id = redis.call('INCR', KEYS[3])
  local text = string.format('%d', id)
  redis.call('ZADD', KEYS[1], text, text .. ARGV[5])
  local lifetime = ARGV[4] == '' and ${operationLifetime} or ${requestLifetime}
  redis.call('SET', KEYS[4], text .. ' ' .. ARGV[4], 'EX', lifetime)
  return id`,
);

/** KEYS tasks, sessions; ARGV session id, now, id. The task's text, or nil. */
export const findTask = script<
  [tasks: string, sessions: string, sessionId: string, now: number, id: number],
  string | null
>(
  2,
  `${isLive}
  if not isLive(KEYS[2], ARGV[1], ARGV[2]) then return 'token_revoked' end
  return redis.call('ZRANGEBYSCORE', KEYS[1], ARGV[3], ARGV[3])[1]`,
  { writes: false },
);

/** How many tasks, and how many bytes of text, `listTasks` brings at most. */
export const shortList = { tasks: 32, bytes: 4096 };

/**
 * KEYS tasks, sessions; ARGV session id, now, the lowest id or `(` and the one before it, how many at most. The texts of the
 * tasks in one, divided by U+0000; nil if that would be long, for a script takes Redis nine times as long as the command.
 */
export const listTasks = script<
  [tasks: string, sessions: string, sessionId: string, now: number, from: string, limit: number],
  string | null
>(
  2,
  `${isLive}
  if not isLive(KEYS[2], ARGV[1], ARGV[2]) then return 'token_revoked' end
  if math.min(redis.call('ZCARD', KEYS[1]), tonumber(ARGV[4])) > ${shortList.tasks} then return false end
  local texts = redis.call('ZRANGEBYSCORE', KEYS[1], ARGV[3], '+inf', 'LIMIT', 0, ARGV[4])
  local bytes = 0
  for i = 1, #texts do bytes = bytes + #texts[i] end
  return bytes <= ${shortList.bytes} and table.concat(texts, '\\0')`,
  { writes: false },
);

/** KEYS tasks, sessions; ARGV session id, now, id, then names of fields, each with its value. The task's text, or nil. */
export const updateTask = script<
  [tasks: string, sessions: string, sessionId: string, now: number, id: number, ...fields: string[]],
  string | null
>(
  2,
  `${isLive}
  if not isLive(KEYS[2], ARGV[1], ARGV[2]) then return 'token_revoked' end
  local old = redis.call('ZRANGEBYSCORE', KEYS[1], ARGV[3], ARGV[3])[1]
  if not old then return false end
  local task = {}
  task.status, task.title, task.description = string.match(old, '^%d+%z([^%z]*)%z([^%z]*)%z(.*)$')
  for i = 4, #ARGV, 2 do task[ARGV[i]] = ARGV[i + 1] end
  local new = table.concat({ ARGV[3], task.status, task.title, task.description }, '\\0')
  if new == old then return new end
  redis.call('ZADD', KEYS[1], ARGV[3], new)
  redis.call('ZREM', KEYS[1], old)
  return new`,
);

/** KEYS tasks, sessions, operation; ARGV session id, now, id. 1 if the task was there. */
export const removeTask = script<
  [tasks: string, sessions: string, operation: string, sessionId: string, now: number, id: number],
  0 | 1 | Refused
>(
  3,
  `${isLive}
  if redis.call('EXISTS', KEYS[3]) == 1 then return 1 end
  if not isLive(KEYS[2], ARGV[1], ARGV[2]) then return 'token_revoked' end
  if redis.call('ZREMRANGEBYSCORE', KEYS[1], ARGV[3], ARGV[3]) == 0 then return 0 end
  redis.call('SET', KEYS[3], 1, 'EX', ${operationLifetime})
  return 1`,
);
