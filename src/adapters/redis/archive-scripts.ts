import { nextRevision } from './lua/prelude.js';
import { rejectUnreadable } from './lua/rejection.js';
import { script } from './lua/script.js';

/** A page ends after so many bytes: reading more at once would keep other clients waiting. */
const maxBytes = 2 ** 18;

/** How many tasks are read at once: each may be as large as a request body. */
const chunk = 4;

/** Seconds after which an import that does not go on is forgotten. */
const importTtl = 86_400;

/** Replies the last task id, and a page of the tasks above the id `after` as `listTasks` replies it. */
export const readTasks = script<readonly [lastTaskId: string, ...page: string[]]>()(
  { keys: ['tasks', 'taskCounts'], args: ['after', 'limit'], writes: false },
  `
  local last = redis.call('HGET', taskCounts, 'last') or '0'
  if not tonumber(last) then ${rejectUnreadable('taskCounts')} end
  local count = redis.call('ZCARD', tasks)
  local first = after == '0' and 0 or redis.call('ZCOUNT', tasks, '-inf', after)
  local stop = math.min(first + tonumber(limit), count)
  local reply, bytes, next = { last }, 0, first
  while next < stop and bytes <= ${maxBytes} do
    for _, text in ipairs(redis.call('ZRANGE', tasks, next, math.min(next + ${chunk}, stop) - 1)) do
      if bytes > ${maxBytes} then break end
      table.insert(reply, text)
      bytes = bytes + #text
      next = next + 1
    end
  end
  table.insert(reply, (next < count and 'more' or 'end') .. '\\0' .. count .. '\\0' .. 0)
  return reply`,
);

/** Raises the counter of user ids to at least `lastId`. */
export const reserveUserIds = script<1>()(
  { keys: ['userIds'], args: ['lastId'] },
  `
  local last = tonumber(redis.call('GET', userIds) or 0)
  if not last then ${rejectUnreadable('userIds')} end
  if last < tonumber(lastId) then redis.call('SET', userIds, lastId) end
  return 1`,
);

/** Adds tasks, whose texts are separated by U+0000 twice, to an import. `bytes` is that of their titles and descriptions. */
export const importTasks = script<1>()(
  { keys: ['importedTasks', 'importedCounts'], args: ['texts', 'lastId', 'bytes'] },
  `
  local last = tonumber(redis.call('HGET', importedCounts, 'last') or 0)
  if last >= tonumber(lastId) then return 1 end
  local from = 1
  while from <= #texts do
    local stop = string.find(texts, '\\0\\0', from, true) or #texts + 1
    local text = string.sub(texts, from, stop - 1)
    redis.call('ZADD', importedTasks, string.match(text, '^%d+'), text)
    from = stop + 2
  end
  redis.call('HSET', importedCounts, 'last', lastId)
  redis.call('HINCRBY', importedCounts, 'bytes', bytes)
  redis.call('EXPIRE', importedTasks, ${importTtl})
  redis.call('EXPIRE', importedCounts, ${importTtl})
  return 1`,
);

/**
 * Writes the account, with a mark if it is to become staff, and makes the imported tasks its own.
 * Replies 0 if there is another account.
 */
export const finishImport = script<0 | 1>()(
  {
    keys: ['account', 'tasks', 'taskCounts', 'importedTasks', 'importedCounts'],
    args: ['username', 'passwordHash', 'active', 'createdAt', 'mark', 'lastTaskId', 'now'],
  },
  `
  if redis.call('EXISTS', account) == 1 then
    local found = redis.call('HMGET', account, 'username', 'password')
    return found[1] == username and found[2] == passwordHash and 1 or 0
  end
  if redis.call('EXISTS', importedTasks) == 1 then
    redis.call('RENAME', importedTasks, tasks)
    redis.call('PERSIST', tasks)
  end
  local bytes = redis.call('HGET', importedCounts, 'bytes') or 0
  local revision = tonumber(redis.call('HGET', taskCounts, 'revision') or 0)
  redis.call('UNLINK', importedCounts)
  redis.call('HSET', taskCounts, 'last', lastTaskId, 'bytes', bytes, 'revision', ${nextRevision})
  redis.call('HSET', account, 'username', username, 'password', passwordHash, 'active', active, 'created', createdAt)
  if mark ~= '' then redis.call('HSET', account, 'staff', mark) end
  return 1`,
);
