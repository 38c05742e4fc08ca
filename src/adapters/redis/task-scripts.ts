import { maxPageBytes } from '../../domain/page.js';
import { taskStatuses } from '../../domain/task.js';
import { isLive, operationLifetime } from './lua-functions.js';
import { script } from './script.js';
import type { Refused } from './unless-refused.js';

/** Seconds for which a request that its client may repeat is remembered. */
const requestLifetime = 86_400;

/**
 * The only task of an id, and what its text consists of: see task-text.ts. Nothing if there is none; a text and nil if it
 * cannot be read.
 */
const taskAt = `
  local statuses = { ${taskStatuses.map((status) => `['${status}'] = true`).join(', ')} }
  local function part(text, from)
    local stop = string.find(text, '\\0', from, true) or #text + 1
    return string.sub(text, from, stop - 1), stop + 1
  end
  local function parse(text)
    local id, task, from = nil, {}, 1
    id, from = part(text, from)
    task.status, from = part(text, from)
    task.title, from = part(text, from)
    task.description, from = part(text, from)
    task.rest = string.sub(text, from - 1)
    return id, statuses[task.status] and task.title ~= '' and task.description ~= '' and task
  end
  local function taskAt(tasks, id)
    local texts = redis.call('ZRANGEBYSCORE', tasks, id, id)
    if #texts ~= 1 then return texts[1], nil end
    local found, task = parse(texts[1])
    return texts[1], found == id and task
  end
  local function textBytes(task) return #task.title + #task.description end`;

/** The bytes of all texts of a user's tasks, 0 where nothing was ever counted; nil if that cannot be read. */
const countedBytes = `
  local function countedBytes(counts) return tonumber(redis.call('HGET', counts, 'bytes') or 0) end`;

/**
 * Creates a task, unless the limits are reached. `counted` and `remembered` come before and after the first write. An owner
 * never has more tasks than ids were given, so that few tasks need not be counted.
 */
const create = (counted: string, remembered: string) => `
  local counts = redis.call('HMGET', KEYS[3], 'last', 'bytes')
  local last, bytes = tonumber(counts[1] or 0), tonumber(counts[2] or 0)
  if not last or not bytes then return 'unreadable ' .. KEYS[3] end
  local limit = tonumber(ARGV[3])
  if last >= limit and redis.call('ZCARD', KEYS[1]) >= limit then return 'task_limit_reached' end
  local id = string.format('%d', last + 1)
  if redis.call('ZCOUNT', KEYS[1], id, '+inf') > 0 then return 'unreadable ' .. KEYS[1] end
  bytes = bytes + #ARGV[5] - string.find(ARGV[5], '\\0', 2, true) - 1
  if bytes > tonumber(ARGV[4]) then return 'byte_limit_reached' end
  ${counted}
  redis.call('ZADD', KEYS[1], id, id .. ARGV[5])
  redis.call('HSET', KEYS[3], 'last', id, 'bytes', bytes)
  ${remembered}
  return last + 1`;

/**
 * KEYS tasks, sessions, task counts, operation; ARGV session id, now, how many tasks and bytes there may be, the task's text
 * after its id. The new id.
 */
export const createTask = script<
  [
    tasks: string,
    sessions: string,
    taskCounts: string,
    operation: string,
    sessionId: string,
    now: number,
    maxTasks: number,
    maxBytes: number,
    afterId: string,
  ],
  number | Refused
>(
  4,
  `${isLive}
  local done = redis.call('GET', KEYS[4])
  if done then return tonumber(done) end
  if not isLive(KEYS[2], ARGV[1], ARGV[2]) then return 'token_revoked' end
  ${create('', `redis.call('SET', KEYS[4], id, 'EX', ${operationLifetime})`)}`,
);

/**
 * The same for a request that its client may repeat. KEYS tasks, sessions, task counts, request, request counts; ARGV as
 * above, then the fingerprint of the request, and how many requests there may be.
 */
export const createTaskOnce = script<
  [
    tasks: string,
    sessions: string,
    taskCounts: string,
    request: string,
    requestCounts: string,
    sessionId: string,
    now: number,
    maxTasks: number,
    maxBytes: number,
    afterId: string,
    fingerprint: string,
    maxRequests: number,
  ],
  number | Refused
>(
  5,
  `${isLive}
  if not isLive(KEYS[2], ARGV[1], ARGV[2]) then return 'token_revoked' end
  local done = redis.call('GET', KEYS[4])
  if done then
    local id, fingerprint = string.match(done, '^(%d+) (.*)$')
    if not id then return 'unreadable ' .. KEYS[4] end
    return fingerprint == ARGV[6] and tonumber(id) or 'request_key_reused'
  end
  ${create(
    `
  local hour, old, requests = math.floor(tonumber(ARGV[2]) / 3600), {}, 0
  local counted = redis.call('HGETALL', KEYS[5])
  for i = 1, #counted, 2 do
    local at, number = tonumber(counted[i]), tonumber(counted[i + 1])
    if not at or not number then return 'unreadable ' .. KEYS[5] end
    if at < hour - ${requestLifetime / 3600} then table.insert(old, counted[i])
    else requests = requests + number end
  end
  if requests >= tonumber(ARGV[7]) then return 'request_limit_reached' end`,
    `
  redis.call('SET', KEYS[4], id .. ' ' .. ARGV[6], 'EX', ${requestLifetime})
  if #old > 0 then redis.call('HDEL', KEYS[5], unpack(old)) end
  redis.call('HINCRBY', KEYS[5], hour, 1)
  redis.call('EXPIRE', KEYS[5], ${requestLifetime + 3600})`,
  )}`,
);

/** KEYS tasks, sessions; ARGV session id, now, id. The task's text, or nil. */
export const findTask = script<
  [tasks: string, sessions: string, sessionId: string, now: number, id: number],
  string | null
>(
  2,
  `${isLive}
  if not isLive(KEYS[2], ARGV[1], ARGV[2]) then return 'token_revoked' end
  local texts = redis.call('ZRANGEBYSCORE', KEYS[1], ARGV[3], ARGV[3])
  if #texts > 1 then return 'unreadable ' .. KEYS[1] end
  return texts[1]`,
  { writes: false },
);

/** How many bytes of texts come as one text, which costs the server less than an array, and Redis more. */
const shortPage = 4096;

/** How many bytes of texts make a page large. */
const largePage = 2 ** 18;

/** How many tasks are read at once from a list that may have a large page: each may be as large as a body may be. */
const chunk = 4;

/**
 * KEYS tasks, sessions, task counts; ARGV session id, now, the id before the first one, how many at most, and 1 if the page
 * may be large. An array of the texts of the tasks and, as the last one, whether there are tasks behind them: `more` or
 * `end`. As one text, divided by twice U+0000, if that is short. Only `large` if the page is, and may not be.
 */
export const listTasks = script<
  [
    tasks: string,
    sessions: string,
    taskCounts: string,
    sessionId: string,
    now: number,
    after: number,
    limit: number,
    ...mayBeLarge: 1[],
  ],
  string | readonly string[]
>(
  3,
  `${isLive}${countedBytes}
  if not isLive(KEYS[2], ARGV[1], ARGV[2]) then return 'token_revoked' end
  local bytes, count = countedBytes(KEYS[3]), redis.call('ZCARD', KEYS[1])
  if not bytes then return 'unreadable ' .. KEYS[3] end
  local first = ARGV[3] == '0' and 0 or redis.call('ZCOUNT', KEYS[1], '-inf', ARGV[3])
  local stop = math.min(first + tonumber(ARGV[4]), count)

  local page = {}
  if bytes <= ${largePage} then
    if stop > first then page = redis.call('ZRANGE', KEYS[1], first, stop - 1) end
  else
    local most = ARGV[5] and ${maxPageBytes} or ${largePage}
    bytes = 0
    while first + #page < stop and bytes <= most do
      local from = first + #page
      for _, text in ipairs(redis.call('ZRANGE', KEYS[1], from, math.min(from + ${chunk}, stop) - 1)) do
        if bytes > most then break end
        table.insert(page, text)
        bytes = bytes + #text
      end
    end
    if bytes > most and not ARGV[5] then return 'large' end
  end

  if #page < ${shortPage / 64} and bytes > ${shortPage} then
    bytes = 0
    for i = 1, #page do bytes = bytes + #page[i] end
  end
  page[#page + 1] = first + #page < count and 'more' or 'end'
  return bytes <= ${shortPage} and table.concat(page, '\\0\\0') or page`,
  { writes: false },
);

/**
 * KEYS tasks, sessions, task counts; ARGV session id, now, id, how many bytes there may be, then names of fields, each with
 * its value. The task's text, or nil.
 */
export const updateTask = script<
  [
    tasks: string,
    sessions: string,
    taskCounts: string,
    sessionId: string,
    now: number,
    id: number,
    maxBytes: number,
    ...fields: string[],
  ],
  string | null
>(
  3,
  `${isLive}${taskAt}${countedBytes}
  if not isLive(KEYS[2], ARGV[1], ARGV[2]) then return 'token_revoked' end
  local old, task = taskAt(KEYS[1], ARGV[3])
  if not old then return false end
  if not task then return 'unreadable ' .. KEYS[1] end

  local growth = -textBytes(task)
  for i = 5, #ARGV, 2 do task[ARGV[i]] = ARGV[i + 1] end
  growth = growth + textBytes(task)
  local new = ARGV[3] .. '\\0' .. task.status .. '\\0' .. task.title .. '\\0' .. task.description .. task.rest
  if new == old then return new end
  if growth ~= 0 then
    local bytes = countedBytes(KEYS[3])
    if not bytes then return 'unreadable ' .. KEYS[3] end
    if growth > 0 and bytes + growth > tonumber(ARGV[4]) then return 'byte_limit_reached' end
  end
  redis.call('ZADD', KEYS[1], ARGV[3], new)
  redis.call('ZREM', KEYS[1], old)
  if growth ~= 0 then redis.call('HINCRBY', KEYS[3], 'bytes', growth) end
  return new`,
);

/** KEYS tasks, sessions, task counts, operation; ARGV session id, now, id. 1 if the task was there. */
export const removeTask = script<
  [
    tasks: string,
    sessions: string,
    taskCounts: string,
    operation: string,
    sessionId: string,
    now: number,
    id: number,
  ],
  0 | 1 | Refused
>(
  4,
  `${isLive}${taskAt}${countedBytes}
  if redis.call('EXISTS', KEYS[4]) == 1 then return 1 end
  if not isLive(KEYS[2], ARGV[1], ARGV[2]) then return 'token_revoked' end
  local text, task = taskAt(KEYS[1], ARGV[3])
  if not text then return 0 end
  if not task then return 'unreadable ' .. KEYS[1] end
  if not countedBytes(KEYS[3]) then return 'unreadable ' .. KEYS[3] end
  redis.call('ZREM', KEYS[1], text)
  redis.call('HINCRBY', KEYS[3], 'bytes', -textBytes(task))
  redis.call('SET', KEYS[4], 1, 'EX', ${operationLifetime})
  return 1`,
);
