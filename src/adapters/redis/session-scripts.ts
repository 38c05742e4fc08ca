import { expiry, opening, isLive, keepUntil, operationLifetime } from './lua-functions.js';
import { script } from './script.js';
import type { Refused } from './unless-refused.js';

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
