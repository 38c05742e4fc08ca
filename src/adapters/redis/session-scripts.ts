import {
  extendTtl,
  markEnded,
  nextOrder,
  operationLifetime,
  readSession,
  requireActive,
} from './lua/prelude.js';
import { script } from './lua/script.js';

/**
 * Replies how many sessions were ended to make room for the new one; -1 if it was not opened. `text` is the session.
 */
export const openSession = script<number>()(
  {
    keys: ['account', 'sessions', 'operation'],
    args: ['passwordHash', 'sessionId', 'text', 'expiresAt', 'now', 'limit'],
  },
  `${readSession}${extendTtl}${nextOrder}
  local done = redis.call('GET', operation)
  if done then return tonumber(done) end
  local user = redis.call('HMGET', account, 'active', 'password')
  if user[1] ~= '1' or user[2] ~= passwordHash then return -1 end
  if redis.call('TYPE', sessions).ok ~= 'hash' then redis.call('DEL', sessions) end
  if redis.call('HEXISTS', sessions, sessionId) == 1 then return 0 end
  local active, held = {}, redis.call('HGETALL', sessions)
  for i = 1, #held, 2 do
    local session = readSession(held[i + 1])
    session.id = held[i]
    if session.expiry <= tonumber(now) then redis.call('HDEL', sessions, session.id)
    else table.insert(active, session) end
  end
  table.sort(active, function(one, other)
    if one.lastUsed ~= other.lastUsed then return one.lastUsed < other.lastUsed end
    if one.opened ~= other.opened then return one.opened < other.opened end
    return one.order < other.order
  end)
  local ended = math.max(0, #active - tonumber(limit) + 1)
  for i = 1, ended do redis.call('HDEL', sessions, active[i].id) end
  redis.call('HSET', sessions, sessionId, withOrder(text, nextOrder(held, readSession(text).opened)))
  extendTtl(sessions, expiresAt, now)
  if ended > 0 then redis.call('SET', operation, ended, 'EX', ${operationLifetime}) end
  return ended`,
);

/** Replies 1 if it has opened the session, whose text and times are given: see `isAdoptable` of the domain. */
export const adoptSession = script<0 | 1>()(
  {
    keys: ['account', 'sessions', 'adopted'],
    args: ['operationId', 'sessionId', 'text', 'openedAt', 'expiresAt', 'now'],
  },
  `${readSession}${extendTtl}${nextOrder}
  local adopter = redis.call('HGET', adopted, sessionId)
  if adopter then return adopter == operationId and 1 or 0 end
  local user = redis.call('HMGET', account, 'active', 'created', 'ended')
  if user[1] ~= '1' or tonumber(expiresAt) <= tonumber(now) then return 0 end
  if tonumber(openedAt) < math.floor(tonumber(user[2]) or 0) then return 0 end
  if user[3] and tonumber(openedAt) <= (tonumber(user[3]) or math.huge) then return 0 end
  if redis.call('TYPE', sessions).ok ~= 'hash' then redis.call('DEL', sessions) end
  local held = redis.call('HGETALL', sessions)
  redis.call('HSET', adopted, sessionId, operationId)
  redis.call('HSET', sessions, sessionId, withOrder(text, nextOrder(held, readSession(text).opened)))
  extendTtl(adopted, expiresAt, now)
  extendTtl(sessions, expiresAt, now)
  return 1`,
);

/** Replaces `oldText` by `newText`. Replies 0 if the stored text is another one. */
export const replaceSession = script<0 | 1>()(
  { keys: ['sessions'], args: ['sessionId', 'oldText', 'newText', 'expiresAt', 'now'] },
  `${extendTtl}
  local text = redis.call('HGET', sessions, sessionId)
  if text == newText then return 1 end
  if text ~= oldText then return 0 end
  redis.call('HSET', sessions, sessionId, newText)
  extendTtl(sessions, expiresAt, now)
  return 1`,
);

/** Lua that ends a session and replies 1 if it was active. `id` is the name of a variable. */
const end = (id: string) => `
  local text = redis.call('HGET', sessions, ${id})
  if not text then return 0 end
  redis.call('HDEL', sessions, ${id})
  if readSession(text).expiry <= tonumber(now) then return 0 end
  redis.call('SET', operation, 1, 'EX', ${operationLifetime})
  return 1`;

/** Replies 1 if the session was active. */
export const endSession = script<0 | 1>()(
  { keys: ['sessions', 'operation'], args: ['sessionId', 'now'] },
  `${readSession}
  if redis.call('EXISTS', operation) == 1 then return 1 end
  ${end('sessionId')}`,
);

/** Replies 1 if the other session was active. */
export const endOtherSession = script<0 | 1>()(
  { keys: ['sessions', 'operation'], args: ['sessionId', 'now', 'otherId'] },
  `
  if redis.call('EXISTS', operation) == 1 then return 1 end
  ${requireActive}
  ${end('otherId')}`,
);

export const endAllSessions = script<1>()(
  { keys: ['account', 'sessions', 'operation'], args: ['sessionId', 'now'] },
  `
  if redis.call('EXISTS', operation) == 1 then return 1 end
  ${requireActive}
  redis.call('DEL', sessions)
  ${markEnded}
  redis.call('SET', operation, 1, 'EX', ${operationLifetime})
  return 1`,
);

/** Replies how many of the sessions were active. */
export const endAllSessionsOf = script<number>()(
  { keys: ['account', 'sessions', 'operation'], args: ['now'] },
  `${readSession}
  local done = redis.call('GET', operation)
  if done then return tonumber(done) end
  local held, active = redis.call('HGETALL', sessions), 0
  for i = 2, #held, 2 do
    if readSession(held[i]).expiry > tonumber(now) then active = active + 1 end
  end
  redis.call('DEL', sessions)
  ${markEnded}
  if active > 0 then redis.call('SET', operation, active, 'EX', ${operationLifetime}) end
  return active`,
);
