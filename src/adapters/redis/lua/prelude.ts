import { reject } from './rejection.js';

// Lua that several scripts begin with.

/** Parses the times in a session's text: see session-codec.ts. A text that cannot be read counts as expired. */
export const readSession = `
  local function readSession(text)
    local opened, order, expires, usedAfter = string.match(text, '^(%w+)%.?(%d*) (%w+) [^@ ]+[^@]*@(%w+)')
    if not opened or math.max(#opened, #expires, #usedAfter) > 10 then return { expiry = 0 } end
    opened = tonumber(opened, 36)
    return {
      opened = opened,
      order = tonumber(order) or 0,
      expiry = tonumber(expires, 36),
      lastUsed = opened + tonumber(usedAfter, 36),
    }
  end`;

/** Rejects with 'token_revoked' unless the session `sessionId` in `sessions` is active at `now`. */
export const requireActive = `${readSession}
  local session = redis.call('HGET', sessions, sessionId)
  if not session or readSession(session).expiry <= tonumber(now) then ${reject('token_revoked')} end`;

/** Keeps the key at least until `expiresAt`. The duration is independent of the clock of Redis. */
export const extendTtl = `
  local function extendTtl(sessions, expiresAt, now)
    local lifetime = math.ceil(tonumber(expiresAt) - tonumber(now))
    if lifetime > redis.call('TTL', sessions) then redis.call('EXPIRE', sessions, lifetime) end
  end`;

/** Remembers in the account, if there is one, when all sessions of its user have been ended. */
export const markEnded = `
  if redis.call('EXISTS', account) == 1 then
    redis.call('HSET', account, 'ended', string.format('%d', math.floor(tonumber(now))))
  end`;

/** A place in `held`, all sessions of a user with their ids, after those that were opened in the same second. */
export const nextOrder = `
  local function nextOrder(held, opened)
    local order = 0
    for i = 2, #held, 2 do
      local session = readSession(held[i])
      if session.opened == opened then order = math.max(order, session.order + 1) end
    end
    return order
  end
  local function withOrder(text, order)
    return order > 0 and string.gsub(text, ' ', '.' .. order .. ' ', 1) or text
  end`;

/** The next revision of a user's tasks: see `nextRevision` of the domain. */
export const nextRevision = `string.format('%d', math.max(revision + 1, math.floor(tonumber(now) * 1000)))`;

/**
 * Seconds for which the key `operation` holds a script's result. If a reply is lost and the client sends the script again,
 * the script returns that result and changes nothing. A command without a reply times out after one second.
 */
export const operationLifetime = 10;
