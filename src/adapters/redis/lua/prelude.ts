import { reject } from './rejection.js';

// What several scripts begin with.

/** What a session's text says of its times: see session-text.ts. One that cannot be read has expired. */
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

/** Rejects unless the session `sessionId` of `sessions` is active `now`. */
export const requireActive = `${readSession}
  local session = redis.call('HGET', sessions, sessionId)
  if not session or readSession(session).expiry <= tonumber(now) then ${reject('token_revoked')} end`;

/** Keeps a user's sessions at least until one of them expires. How long that is does not depend on the clock of Redis. */
export const extendTtl = `
  local function extendTtl(sessions, expiresAt, now)
    local lifetime = math.ceil(tonumber(expiresAt) - tonumber(now))
    if lifetime > redis.call('TTL', sessions) then redis.call('EXPIRE', sessions, lifetime) end
  end`;

/** Seconds for which an operation is remembered. A command that has no answer yet is given up after one. */
export const operationLifetime = 10;
