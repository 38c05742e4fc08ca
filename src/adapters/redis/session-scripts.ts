import { isLive, keepUntil, operationLifetime, readSession } from './lua-functions.js';
import { script } from './script.js';
import type { Refused } from './unless-refused.js';

/**
 * KEYS account, sessions, operation; ARGV password hash, session id, session, its expiry, now, how many may be live. How
 * many others were ended to make room; -1 if it was not opened.
 */
export const openSession = script<
  [
    account: string,
    sessions: string,
    operation: string,
    passwordHash: string,
    sessionId: string,
    session: string,
    expiresAt: number,
    now: number,
    limit: number,
  ],
  number
>(
  3,
  `${readSession}${keepUntil}
  local answered = redis.call('GET', KEYS[3])
  if answered then return tonumber(answered) end
  local account = redis.call('HMGET', KEYS[1], 'active', 'password')
  if account[1] ~= '1' or account[2] ~= ARGV[1] then return -1 end
  if redis.call('TYPE', KEYS[2]).ok ~= 'hash' then redis.call('DEL', KEYS[2]) end
  if redis.call('HEXISTS', KEYS[2], ARGV[2]) == 1 then return 0 end
  local now, live = tonumber(ARGV[5]), {}
  local opened, order = readSession(ARGV[3]).opened, 0
  local sessions = redis.call('HGETALL', KEYS[2])
  for i = 1, #sessions, 2 do
    local session = readSession(sessions[i + 1])
    session.id = sessions[i]
    if session.expiry <= now then redis.call('HDEL', KEYS[2], session.id) else table.insert(live, session) end
    if session.opened == opened then order = math.max(order, session.order + 1) end
  end
  table.sort(live, function(one, other)
    if one.lastUsed ~= other.lastUsed then return one.lastUsed < other.lastUsed end
    if one.opened ~= other.opened then return one.opened < other.opened end
    return one.order < other.order
  end)
  local ended = math.max(0, #live - tonumber(ARGV[6]) + 1)
  for i = 1, ended do redis.call('HDEL', KEYS[2], live[i].id) end
  local text = ARGV[3]
  if order > 0 then text = string.gsub(text, ' ', '.' .. order .. ' ', 1) end
  redis.call('HSET', KEYS[2], ARGV[2], text)
  keepUntil(KEYS[2], ARGV[4], ARGV[5])
  if ended > 0 then redis.call('SET', KEYS[3], ended, 'EX', ${operationLifetime}) end
  return ended`,
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

const end = `
  local session = redis.call('HGET', KEYS[1], ARGV[1])
  if not session then return 0 end
  redis.call('HDEL', KEYS[1], ARGV[1])
  if readSession(session).expiry <= tonumber(ARGV[2]) then return 0 end
  redis.call('SET', KEYS[2], 1, 'EX', ${operationLifetime})
  return 1`;

/** KEYS sessions, operation; ARGV session id, now. 1 if the session was active. */
export const endSession = script<
  [sessions: string, operation: string, sessionId: string, now: number],
  0 | 1
>(
  2,
  `${readSession}
  if redis.call('EXISTS', KEYS[2]) == 1 then return 1 end
  ${end}`,
);

/** KEYS sessions, operation; ARGV id of the session to end, now, session id. 1 if the session to end was active. */
export const endOtherSession = script<
  [sessions: string, operation: string, id: string, now: number, sessionId: string],
  0 | 1 | Refused
>(
  2,
  `${isLive}
  if redis.call('EXISTS', KEYS[2]) == 1 then return 1 end
  if not isLive(KEYS[1], ARGV[3], ARGV[2]) then return 'token_revoked' end
  ${end}`,
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
