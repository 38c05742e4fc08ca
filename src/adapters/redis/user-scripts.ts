import { markEnded, operationLifetime, requireActive } from './lua/prelude.js';
import { script } from './lua/script.js';

/** Replies 1 if this user has the name now. */
export const claimUsername = script<0 | 1>()(
  { keys: ['username'], args: ['userId'] },
  `
  redis.call('SET', username, userId, 'NX')
  return redis.call('GET', username) == userId and 1 or 0`,
);

export const releaseUsername = script<1>()(
  { keys: ['username'], args: ['userId'] },
  `
  if redis.call('GET', username) == userId then redis.call('DEL', username) end
  return 1`,
);

/** Replies 0 if the key holds anything else. `createdAt` is in seconds since the epoch. */
export const createAccount = script<0 | 1>()(
  { keys: ['account'], args: ['username', 'passwordHash', 'createdAt'] },
  `
  local kind = redis.call('TYPE', account).ok
  if kind == 'hash' then return redis.call('HGET', account, 'password') == passwordHash and 1 or 0 end
  if kind ~= 'none' then return 0 end
  redis.call('HSET', account, 'username', username, 'password', passwordHash, 'active', 1, 'created', createdAt)
  return 1`,
);

/** The keys of all data of a user, and of the operation. */
const keysOfUser = [
  'account',
  'sessions',
  'adopted',
  'tasks',
  'taskCounts',
  'idempotencyKeyCounts',
  'operation',
] as const;

const remove = `
  local existed = redis.call('EXISTS', account)
  redis.call('UNLINK', account, sessions, adopted, tasks, taskCounts, idempotencyKeyCounts)
  if existed == 1 then redis.call('SET', operation, 1, 'EX', ${operationLifetime}) end
  return existed`;

/** Lua that replies the mark of the account (see staff-members.ts) if that is not `mark`. */
const requireMark = `
  local held = redis.call('HGET', account, 'staff') or ''
  if held ~= mark then return held end`;

/** Replies 1 if there was an account. Replies the mark of one that has another mark, which stays. */
export const removeAccount = script<0 | 1 | string>()(
  { keys: keysOfUser, args: ['mark'] },
  `
  if redis.call('EXISTS', operation) == 1 then return 1 end
  ${requireMark}
  ${remove}`,
);

/** Replies as `removeAccount` does. */
export const removeOwnAccount = script<0 | 1 | string>()(
  { keys: keysOfUser, args: ['sessionId', 'now', 'mark'] },
  `
  if redis.call('EXISTS', operation) == 1 then return 1 end
  ${requireActive}
  ${requireMark}
  ${remove}`,
);

/** Replies 0 if there is no account. */
export const setPassword = script<0 | 1>()(
  { keys: ['account', 'sessions'], args: ['newHash', 'now'] },
  `
  if redis.call('EXISTS', account) == 0 then return 0 end
  redis.call('DEL', sessions)
  ${markEnded}
  redis.call('HDEL', account, 'link', 'link-expiry')
  redis.call('HSET', account, 'password', newHash)
  return 1`,
);

/** Replies 0 if there is no account. */
export const activate = script<0 | 1>()(
  { keys: ['account'], args: [] },
  `
  if redis.call('EXISTS', account) == 0 then return 0 end
  redis.call('HSET', account, 'active', 1)
  return 1`,
);

/** Replies 0 if there is no account. Replies the mark of one that has another mark, which stays as it is. */
export const deactivate = script<0 | 1 | string>()(
  { keys: ['account', 'sessions'], args: ['mark', 'now'] },
  `
  if redis.call('EXISTS', account) == 0 then return 0 end
  ${requireMark}
  redis.call('DEL', sessions)
  ${markEnded}
  redis.call('HSET', account, 'active', 0)
  return 1`,
);

export const replacePassword = script<1>()(
  { keys: ['account'], args: ['oldHash', 'newHash'] },
  `
  if redis.call('HGET', account, 'password') == oldHash then redis.call('HSET', account, 'password', newHash) end
  return 1`,
);

/** Replies 0 if the stored hash is not the old one. */
export const changePassword = script<0 | 1>()(
  { keys: ['account', 'sessions'], args: ['sessionId', 'now', 'oldHash', 'newHash'] },
  `
  local password = redis.call('HGET', account, 'password')
  if password == newHash then return 1 end
  ${requireActive}
  if password ~= oldHash then return 0 end
  redis.call('HSET', account, 'password', newHash)
  redis.call('HDEL', account, 'link', 'link-expiry')
  for _, id in ipairs(redis.call('HKEYS', sessions)) do
    if id ~= sessionId then redis.call('HDEL', sessions, id) end
  end
  ${markEnded}
  return 1`,
);

/** Replies 0 if there is no account. */
export const setPasswordLink = script<0 | 1>()(
  { keys: ['account'], args: ['digest', 'expiresAt'] },
  `
  if redis.call('EXISTS', account) == 0 then return 0 end
  redis.call('HSET', account, 'link', digest, 'link-expiry', expiresAt)
  return 1`,
);

/** Replies 0 unless the account is active and has this link, and the link has not expired. */
export const usePasswordLink = script<0 | 1>()(
  { keys: ['account', 'sessions'], args: ['digest', 'now', 'newHash'] },
  `
  local held = redis.call('HMGET', account, 'password', 'active', 'link', 'link-expiry')
  if held[1] == newHash then return 1 end
  if held[2] ~= '1' or held[3] ~= digest or tonumber(held[4] or 0) <= tonumber(now) then return 0 end
  redis.call('DEL', sessions)
  redis.call('HDEL', account, 'link', 'link-expiry')
  redis.call('HSET', account, 'password', newHash)
  ${markEnded}
  return 1`,
);
