// What several scripts begin with.

/** Times in a session's text, whose first two words they are: see session-text.ts. */
export const expiry = `
  local function radix(session) return string.find(session, '@', 1, true) and 36 or 10 end
  local function expiry(session) return tonumber(string.match(session, ' (%w+)'), radix(session)) end`;
export const opening = `
  local function opening(session) return tonumber(string.match(session, '%w+'), radix(session)) end`;

/** Whether a session is live; an empty id stands for none, which is as good. */
export const isLive = `${expiry}
  local function isLive(sessions, id, now)
    if id == '' then return true end
    local session = redis.call('HGET', sessions, id)
    return session and expiry(session) > tonumber(now)
  end`;

/** Keeps a user's sessions at least until one of them expires. How long that is does not depend on the clock of Redis. */
export const keepUntil = `
  local function keepUntil(sessions, expiresAt, now)
    local lifetime = math.ceil(tonumber(expiresAt) - tonumber(now))
    if lifetime > redis.call('TTL', sessions) then redis.call('EXPIRE', sessions, lifetime) end
  end`;

/** Seconds for which an operation is remembered. A command that has no answer yet is given up after one. */
export const operationLifetime = 10;
