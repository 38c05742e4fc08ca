import { maxPageBytes } from '../../domain/page.js';
import { taskStatuses } from '../../domain/task.js';
import { nextRevision, operationLifetime, requireActive } from './lua/prelude.js';
import { reject, rejectUnreadable } from './lua/rejection.js';
import { script } from './lua/script.js';

/** Seconds for which an idempotency key is remembered. */
const idempotencyTtl = 86_400;

/**
 * Lua function `taskAt(tasks, id)`. Returns the text of the task and its parts (task-codec.ts); nil if there is no task;
 * the text and a false value if it cannot be read.
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

/** Lua for the bytes of all texts of a user's tasks, and for their revision; 0 if nothing was counted yet. */
const readCounts = `
  local counts = redis.call('HMGET', taskCounts, 'bytes', 'revision')
  local bytes, revision = tonumber(counts[1] or 0), tonumber(counts[2] or 0)
  if not bytes or not revision then ${rejectUnreadable('taskCounts')} end`;

/** Lua that rejects with 'task_changed' if a title is expected, and `task` is not as expected. */
const requireExpected = `
  if expectedTitle ~= '' and (task.title ~= expectedTitle or task.description ~= expectedDescription
    or task.status ~= expectedStatus) then ${reject('task_changed')} end`;

/**
 * Lua that creates a task, unless the limits are reached. `counted` runs before the first write and `remembered` after
 * it. A user never has more tasks than used ids. So tasks are counted only when the last id reaches the limit.
 */
const create = (counted: string, remembered: string) => `
  local counts = redis.call('HMGET', taskCounts, 'last', 'bytes', 'revision')
  local last, bytes, revision = tonumber(counts[1] or 0), tonumber(counts[2] or 0), tonumber(counts[3] or 0)
  if not last or not bytes or not revision then ${rejectUnreadable('taskCounts')} end
  local limit = tonumber(maxTasks)
  if last >= limit and redis.call('ZCARD', tasks) >= limit then ${reject('task_limit_reached')} end
  local id = string.format('%d', last + 1)
  if redis.call('ZCOUNT', tasks, id, '+inf') > 0 then ${rejectUnreadable('tasks')} end
  bytes = bytes + #textAfterId - string.find(textAfterId, '\\0', 2, true) - 1
  if bytes > tonumber(maxBytes) then ${reject('byte_limit_reached')} end
  ${counted}
  redis.call('ZADD', tasks, id, id .. textAfterId)
  redis.call('HSET', taskCounts, 'last', id, 'bytes', bytes, 'revision', ${nextRevision})
  ${remembered}
  return last + 1`;

/** Replies the new id. */
export const createTask = script<number>()(
  {
    keys: ['tasks', 'sessions', 'taskCounts', 'operation'],
    args: ['sessionId', 'now', 'maxTasks', 'maxBytes', 'textAfterId'],
  },
  `
  local done = redis.call('GET', operation)
  if done then return tonumber(done) end
  ${requireActive}
  ${create('', `redis.call('SET', operation, id, 'EX', ${operationLifetime})`)}`,
);

/** Creates a task for a request with an idempotency key. Replies its id. */
export const createTaskOnce = script<number>()(
  {
    keys: ['tasks', 'sessions', 'taskCounts', 'request', 'idempotencyKeyCounts'],
    args: ['sessionId', 'now', 'maxTasks', 'maxBytes', 'maxIdempotencyKeys', 'textAfterId', 'fingerprint'],
  },
  `
  ${requireActive}
  local done = redis.call('GET', request)
  if done then
    local id, known = string.match(done, '^(%d+) (.*)$')
    if not id then ${rejectUnreadable('request')} end
    if known ~= fingerprint then ${reject('idempotency_key_reused')} end
    return tonumber(id)
  end
  ${create(
    `
  local hour, old, requests = math.floor(tonumber(now) / 3600), {}, 0
  local counted = redis.call('HGETALL', idempotencyKeyCounts)
  for i = 1, #counted, 2 do
    local at, number = tonumber(counted[i]), tonumber(counted[i + 1])
    if not at or not number then ${rejectUnreadable('idempotencyKeyCounts')} end
    if at < hour - ${idempotencyTtl / 3600} then table.insert(old, counted[i])
    else requests = requests + number end
  end
  if requests >= tonumber(maxIdempotencyKeys) then ${reject('idempotency_key_limit_reached')} end`,
    `
  redis.call('SET', request, id .. ' ' .. fingerprint, 'EX', ${idempotencyTtl})
  if #old > 0 then redis.call('HDEL', idempotencyKeyCounts, unpack(old)) end
  redis.call('HINCRBY', idempotencyKeyCounts, hour, 1)
  redis.call('EXPIRE', idempotencyKeyCounts, ${idempotencyTtl + 3600})`,
  )}`,
);

/** Replies the task's text, or nil. */
export const findTask = script<string | null>()(
  { keys: ['tasks', 'sessions'], args: ['sessionId', 'now', 'id'], writes: false },
  `${requireActive}
  local texts = redis.call('ZRANGEBYSCORE', tasks, id, id)
  if #texts > 1 then ${rejectUnreadable('tasks')} end
  return texts[1]`,
);

/**
 * Up to this many bytes, a page is one text in the reply. That is cheaper than an array for us, and dearer for Redis.
 */
const shortPage = 4096;

/** A page with more bytes than this is large. */
const largePage = 2 ** 18;

/** How many tasks are read at once where a page may be large: each task may be as large as a request body. */
const chunk = 4;

/**
 * Lua that replies a page: an array of the texts of the tasks, and last `more` or `end` (whether more tasks follow), the
 * number of all tasks and the revision, separated by U+0000. If that is short, it is one text, separated by U+0000
 * twice. `bytes` is at least as much as the texts.
 */
const replyPage = (more: string) => `
  if #page < ${shortPage / 64} and bytes > ${shortPage} then
    bytes = 0
    for i = 1, #page do bytes = bytes + #page[i] end
  end
  page[#page + 1] = (${more} and 'more' or 'end') .. '\\0' .. count .. '\\0' .. (counts[2] or 0)
  return bytes <= ${shortPage} and table.concat(page, '\\0\\0') or page`;

/**
 * How large a page may be that a script replies: if it is larger than `small`, the reply is only `large`; `step` ends it
 * there, and `large` at `maxPageBytes`.
 */
export type PageSize = 'small' | 'step' | 'large';

/** Lua that reads a page of the tasks after the id `after`, by ascending or descending id. `size` is a PageSize. */
const list = (skipped: string, order = '') => `${requireActive}${readCounts}
  local count = redis.call('ZCARD', tasks)
  local first = ${skipped}
  local stop = math.min(first + tonumber(limit), count)

  local page = {}
  if bytes <= ${largePage} then
    if stop > first then page = redis.call('ZRANGE', tasks, first, stop - 1${order}) end
  else
    local most = size == 'large' and ${maxPageBytes} or ${largePage}
    bytes = 0
    while first + #page < stop and bytes <= most do
      local from = first + #page
      for _, text in ipairs(redis.call('ZRANGE', tasks, from, math.min(from + ${chunk}, stop) - 1${order})) do
        if bytes > most then break end
        table.insert(page, text)
        bytes = bytes + #text
      end
    end
    if bytes > most and size == 'small' then return 'large' end
  end
${replyPage('first + #page < count')}`;

const listParameters = {
  keys: ['tasks', 'sessions', 'taskCounts'],
  args: ['sessionId', 'now', 'after', 'limit', 'size'],
  writes: false,
} as const;

/** Replies a page of the tasks above the id `after`, by ascending id. */
export const listTasks = script<string | readonly string[]>()(
  listParameters,
  list(`after == '0' and 0 or redis.call('ZCOUNT', tasks, '-inf', after)`),
);

/** Replies a page of the tasks below the id `after`, by descending id. */
export const listTasksBackwards = script<string | readonly string[]>()(
  listParameters,
  list(`redis.call('ZCOUNT', tasks, after, '+inf')`, `, 'REV'`),
);

/** Replies a page of the tasks with the given ids, which are separated by commas; `more` if some were not read. */
export const findTasks = script<string | readonly string[]>()(
  { keys: ['tasks', 'sessions', 'taskCounts'], args: ['sessionId', 'now', 'ids'], writes: false },
  `${requireActive}${readCounts}
  local count, page, isFull = redis.call('ZCARD', tasks), {}, false
  bytes = 0
  for id in string.gmatch(ids, '%d+') do
    isFull = bytes > ${maxPageBytes}
    if isFull then break end
    local texts = redis.call('ZRANGEBYSCORE', tasks, id, id)
    if #texts > 1 then ${rejectUnreadable('tasks')} end
    if texts[1] then
      table.insert(page, texts[1])
      bytes = bytes + #texts[1]
    end
  end
  ${replyPage('isFull')}`,
);

/** The revision, how many tasks there are, and their bytes. */
type Summary = readonly [revision: number, count: number, bytes: number];

const summarise = `${readCounts}
  return { revision, redis.call('ZCARD', tasks), bytes }`;

export const summariseTasks = script<Summary>()(
  { keys: ['tasks', 'sessions', 'taskCounts'], args: ['sessionId', 'now'], writes: false },
  `${requireActive}${summarise}`,
);

/** The same without a session. */
export const summariseTasksOf = script<Summary>()(
  { keys: ['tasks', 'taskCounts'], args: [], writes: false },
  summarise,
);

/**
 * Lua that updates a task, unless that exceeds the limit. `before` runs first, `checked` with the task as it was, and
 * `remembered` after the change. An empty title, description or status means no change.
 */
const update = (before: string, checked: string, remembered: string) => `${taskAt}
  local function change(task)
    if title ~= '' then task.title = title end
    if description ~= '' then task.description = description end
    if status ~= '' then task.status = status end
    return id .. '\\0' .. task.status .. '\\0' .. task.title .. '\\0' .. task.description .. task.rest
  end
  ${before}
  ${requireActive}
  local old, task = taskAt(tasks, id)
  if not old then return false end
  if not task then ${rejectUnreadable('tasks')} end
  ${checked}

  local growth = -textBytes(task)
  local new = change(task)
  growth = growth + textBytes(task)
  if new == old then return new end
  ${readCounts}
  if growth > 0 and bytes + growth > tonumber(maxBytes) then ${reject('byte_limit_reached')} end
  redis.call('ZADD', tasks, id, new)
  redis.call('ZREM', tasks, old)
  redis.call('HSET', taskCounts, 'bytes', bytes + growth, 'revision', ${nextRevision})
  ${remembered}
  return new`;

/** Replies the resulting text of the task, or nil. */
export const updateTask = script<string | null>()(
  {
    keys: ['tasks', 'sessions', 'taskCounts'],
    args: ['sessionId', 'now', 'id', 'maxBytes', 'title', 'description', 'status'],
  },
  update('', '', ''),
);

/** Updates the task if it is as expected. Replies the resulting text of the task, or nil. */
export const updateExpectedTask = script<string | null>()(
  {
    keys: ['tasks', 'sessions', 'taskCounts', 'operation'],
    args: [
      'sessionId',
      'now',
      'id',
      'maxBytes',
      'title',
      'description',
      'status',
      'expectedTitle',
      'expectedDescription',
      'expectedStatus',
    ],
  },
  update(
    `if redis.call('EXISTS', operation) == 1 then
    return change({ title = expectedTitle, description = expectedDescription, status = expectedStatus, rest = '' })
  end`,
    requireExpected,
    `redis.call('SET', operation, 1, 'EX', ${operationLifetime})`,
  ),
);

/** Replies 1 if there was such a task. An empty expected title means that any task is expected. */
export const removeTask = script<0 | 1>()(
  {
    keys: ['tasks', 'sessions', 'taskCounts', 'operation'],
    args: ['sessionId', 'now', 'id', 'expectedTitle', 'expectedDescription', 'expectedStatus'],
  },
  `
  if redis.call('EXISTS', operation) == 1 then return 1 end
  ${requireActive}${taskAt}
  local text, task = taskAt(tasks, id)
  if not text then return 0 end
  if not task then ${rejectUnreadable('tasks')} end
  ${requireExpected}
  ${readCounts}
  redis.call('ZREM', tasks, text)
  redis.call('HSET', taskCounts, 'bytes', bytes - textBytes(task), 'revision', ${nextRevision})
  redis.call('SET', operation, 1, 'EX', ${operationLifetime})
  return 1`,
);
