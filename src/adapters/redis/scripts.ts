import type { RedisConnection } from './redis-connection.js';
import { createScript } from './script.js';
import type { Refused } from './unless-refused.js';

// Each script is one step, touches one slot, and may be executed twice: when a reply is lost, ioredis on a Cluster sends
// the script again. The second time, it changes nothing and answers what it answered before. A Redis that is out of memory
// refuses the first command that would add something, and lets a script that has begun to write go on: those that take
// away do that first. What may not be lost is written before what it replaces is deleted, in case the latter is refused.

/** Times in a session's text, whose first two words they are: see session-text.ts. */
const expiry = `
  local function radix(session) return string.find(session, '@', 1, true) and 36 or 10 end
  local function expiry(session) return tonumber(string.match(session, ' (%w+)'), radix(session)) end`;
const opening = `
  local function opening(session) return tonumber(string.match(session, '%w+'), radix(session)) end`;

/** Whether a session is live; an empty id stands for none, which is as good. */
const isLive = `${expiry}
  local function isLive(sessions, id, now)
    if id == '' then return true end
    local session = redis.call('HGET', sessions, id)
    return session and expiry(session) > tonumber(now)
  end`;

/** Keeps a user's sessions at least until one of them expires. How long that is does not depend on the clock of Redis. */
const keepUntil = `
  local function keepUntil(sessions, expiresAt, now)
    local lifetime = math.ceil(tonumber(expiresAt) - tonumber(now))
    if lifetime > redis.call('TTL', sessions) then redis.call('EXPIRE', sessions, lifetime) end
  end`;

/** Seconds for which an operation is remembered. A command that has no answer yet is given up after one. */
const operationLifetime = 10;

/** Seconds for which a request that its client may repeat is remembered. */
const requestLifetime = 86_400;

/** KEYS username; ARGV user id. 1 if the name is now this user's. */
export const claimUsername = script<[username: string, userId: number], 0 | 1>(
  1,
  `
  redis.call('SET', KEYS[1], ARGV[1], 'NX')
  return redis.call('GET', KEYS[1]) == ARGV[1] and 1 or 0`,
);

/** KEYS username; ARGV user id. */
export const releaseUsername = script<[username: string, userId: number], 1>(
  1,
  `
  if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
  return 1`,
);

/** KEYS account; ARGV username, password hash, seconds since the epoch. 0 if another account stands there. */
export const createAccount = script<
  [account: string, username: string, passwordHash: string, createdAt: number],
  0 | 1
>(
  1,
  `
  local password = redis.call('HGET', KEYS[1], 'password')
  if password then return password == ARGV[2] and 1 or 0 end
  redis.call('HSET', KEYS[1], 'username', ARGV[1], 'password', ARGV[2], 'active', 1, 'created', ARGV[3])
  return 1`,
);

/** KEYS account, sessions, tasks, task ids, operation; ARGV session id, now. 1 if there was an account. */
export const removeAccount = script<
  [
    account: string,
    sessions: string,
    tasks: string,
    taskIds: string,
    operation: string,
    sessionId: string,
    now: number,
  ],
  0 | 1 | Refused
>(
  5,
  `${isLive}
  if redis.call('EXISTS', KEYS[5]) == 1 then return 1 end
  if not isLive(KEYS[2], ARGV[1], ARGV[2]) then return 'token_revoked' end
  local existed = redis.call('EXISTS', KEYS[1])
  redis.call('UNLINK', KEYS[1], KEYS[2], KEYS[3], KEYS[4])
  if existed == 1 then redis.call('SET', KEYS[5], 1, 'EX', ${operationLifetime}) end
  return existed`,
);

/** KEYS account, sessions; ARGV field, value, 1 to end all sessions. 0 if there is no account. */
export const changeAccount = script<
  [
    account: string,
    sessions: string,
    field: 'active' | 'password',
    value: string | number,
    endSessions: 0 | 1,
  ],
  0 | 1
>(
  2,
  `
  if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
  if ARGV[3] == '1' then redis.call('DEL', KEYS[2]) end
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
  return 1`,
);

/** KEYS account; ARGV password hash expected, password hash to set. */
export const replacePassword = script<[account: string, from: string, to: string], 1>(
  1,
  `
  if redis.call('HGET', KEYS[1], 'password') == ARGV[1] then redis.call('HSET', KEYS[1], 'password', ARGV[2]) end
  return 1`,
);

/** KEYS account, sessions; ARGV password hash expected, password hash to set, session id, now. 0 if another hash stands there. */
export const changePassword = script<
  [account: string, sessions: string, from: string, to: string, sessionId: string, now: number],
  0 | 1 | Refused
>(
  2,
  `${isLive}
  local password = redis.call('HGET', KEYS[1], 'password')
  if password == ARGV[2] then return 1 end
  if not isLive(KEYS[2], ARGV[3], ARGV[4]) then return 'token_revoked' end
  if password ~= ARGV[1] then return 0 end
  redis.call('HSET', KEYS[1], 'password', ARGV[2])
  for _, id in ipairs(redis.call('HKEYS', KEYS[2])) do
    if id ~= ARGV[3] then redis.call('HDEL', KEYS[2], id) end
  end
  return 1`,
);

/** KEYS account, sessions; ARGV password hash, session id, session, its expiry, now, how many may be live. 1 if it was opened. */
export const openSession = script<
  [
    account: string,
    sessions: string,
    passwordHash: string,
    sessionId: string,
    session: string,
    expiresAt: number,
    now: number,
    limit: number,
  ],
  0 | 1
>(
  2,
  `${expiry}${opening}${keepUntil}
  local account = redis.call('HMGET', KEYS[1], 'active', 'password')
  if account[1] ~= '1' or account[2] ~= ARGV[1] then return 0 end
  if redis.call('HEXISTS', KEYS[2], ARGV[2]) == 1 then return 1 end
  local now, live = tonumber(ARGV[5]), {}
  local sessions = redis.call('HGETALL', KEYS[2])
  for i = 1, #sessions, 2 do
    local id, session = sessions[i], sessions[i + 1]
    if expiry(session) <= now then redis.call('HDEL', KEYS[2], id)
    else table.insert(live, { id = id, openedAt = opening(session) }) end
  end
  table.sort(live, function(one, other) return one.openedAt < other.openedAt end)
  for i = 1, #live - tonumber(ARGV[6]) + 1 do redis.call('HDEL', KEYS[2], live[i].id) end
  redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])
  keepUntil(KEYS[2], ARGV[4], ARGV[5])
  return 1`,
);

/** KEYS sessions; ARGV session id, session expected, session to set, its expiry, now. 0 if another one stands there. */
export const replaceSession = script<
  [sessions: string, sessionId: string, from: string, to: string, expiresAt: number, now: number],
  0 | 1
>(
  1,
  `${keepUntil}
  local session = redis.call('HGET', KEYS[1], ARGV[1])
  if session == ARGV[3] then return 1 end
  if session ~= ARGV[2] then return 0 end
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
  keepUntil(KEYS[1], ARGV[4], ARGV[5])
  return 1`,
);

/** KEYS sessions, operation; ARGV id of the session to end, session id, now. 1 if the session was live. */
export const endSession = script<
  [sessions: string, operation: string, id: string, sessionId: string, now: number],
  0 | 1 | Refused
>(
  2,
  `${isLive}
  if redis.call('EXISTS', KEYS[2]) == 1 then return 1 end
  if not isLive(KEYS[1], ARGV[2], ARGV[3]) then return 'token_revoked' end
  local session = redis.call('HGET', KEYS[1], ARGV[1])
  if not session then return 0 end
  redis.call('HDEL', KEYS[1], ARGV[1])
  if expiry(session) <= tonumber(ARGV[3]) then return 0 end
  redis.call('SET', KEYS[2], 1, 'EX', ${operationLifetime})
  return 1`,
);

/** KEYS sessions, operation; ARGV session id, now. */
export const endAllSessions = script<
  [sessions: string, operation: string, sessionId: string, now: number],
  1 | Refused
>(
  2,
  `${isLive}
  if redis.call('EXISTS', KEYS[2]) == 1 then return 1 end
  if not isLive(KEYS[1], ARGV[1], ARGV[2]) then return 'token_revoked' end
  redis.call('DEL', KEYS[1])
  redis.call('SET', KEYS[2], 1, 'EX', ${operationLifetime})
  return 1`,
);

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

/** KEYS counted, operation; ARGV attempts and period of the limit, now. Seconds to wait; 0 if the attempt counts. */
export const countAttempt = script<
  [counted: string, operation: string, attempts: number, period: number, now: number],
  string
>(
  2,
  `
  if redis.call('EXISTS', KEYS[2]) == 1 then return '0' end
  local attempts, period, now = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
  local before = redis.call('HMGET', KEYS[1], 'count', 'at')
  local count, at = tonumber(before[1] or 0), tonumber(before[2] or now)
  if at > now + period then count, at = 0, now end
  local forgotten = math.max(0, now - at) * attempts / period
  local left = math.min(attempts, math.max(0, count - forgotten))
  local wait = (left + 1 - attempts) * period / attempts
  if wait > 1e-6 then return tostring(wait) end
  redis.call('HSET', KEYS[1], 'count', left + 1, 'at', math.max(at, now))
  redis.call('EXPIRE', KEYS[1], period)
  redis.call('SET', KEYS[2], 1, 'EX', ${operationLifetime})
  return '0'`,
);

/** KEYS counted, trusted; ARGV until when, and for how many seconds. */
export const trust = script<[counted: string, trusted: string, until: number, lifetime: number], 1>(
  2,
  `
  redis.call('DEL', KEYS[1])
  redis.call('SET', KEYS[2], ARGV[1], 'EX', ARGV[2])
  return 1`,
);

/** A script that is called like a function. */
function script<Arguments extends [key: string, ...(string | number)[]], Reply>(
  numberOfKeys: number,
  lua: string,
): (redis: RedisConnection, ...args: Arguments) => Promise<Reply> {
  const known = createScript(numberOfKeys, lua);
  return (redis, ...args) => redis.run(known, args) as Promise<Reply>;
}
