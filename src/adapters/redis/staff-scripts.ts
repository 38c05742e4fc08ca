import { maxAuditRecords } from '../../domain/audit.js';
import { operationLifetime } from './lua/prelude.js';
import { reject } from './lua/rejection.js';
import { script } from './lua/script.js';

/** Before the nomination of a user who is not staff yet: see staff-members.ts. */
export const nominated = '?';

/** Lua functions: whether the user is staff, and whether nobody else is. */
const membership = `
  local function isRight(held) return held and string.sub(held, 1, 1) ~= '${nominated}' end
  local function isMember(id) return isRight(redis.call('HGET', staff, id)) end
  local function isLast(id)
    if not isMember(id) then return false end
    local held = redis.call('HGETALL', staff)
    for i = 1, #held, 2 do
      if held[i] ~= id and isRight(held[i + 1]) then return false end
    end
    return true
  end`;

/** Replies the nomination of the user, an earlier one or this one; 0 if the user is staff already. */
export const nominate = script<string | 0>()(
  { keys: ['staff'], args: ['userId', 'nomination'] },
  `${membership}
  if isMember(userId) then return 0 end
  local held = redis.call('HGET', staff, userId)
  if held then return string.sub(held, ${nominated.length + 1}) end
  redis.call('HSET', staff, userId, '${nominated}' .. nomination)
  return nomination`,
);

/** Makes the user staff. Replies 0 if the nomination was withdrawn. */
export const confirm = script<0 | 1>()(
  { keys: ['staff'], args: ['userId', 'nomination'] },
  `
  local held = redis.call('HGET', staff, userId)
  if held == nomination then return 1 end
  if held ~= '${nominated}' .. nomination then return 0 end
  redis.call('HSET', staff, userId, nomination)
  return 1`,
);

/** Takes away what is held of the user: a right, or a nomination with `nominated` before it. */
export const withdraw = script<1>()(
  { keys: ['staff'], args: ['userId', 'held'] },
  `
  if redis.call('HGET', staff, userId) == held then redis.call('HDEL', staff, userId) end
  return 1`,
);

/** Replies 1 if the user was staff. Withdraws a nomination, too. */
export const dismiss = script<0 | 1>()(
  { keys: ['staff', 'operation'], args: ['userId'] },
  `${membership}
  if redis.call('EXISTS', operation) == 1 then return 1 end
  if isLast(userId) then ${reject('last_administrator')} end
  local wasMember = isMember(userId)
  redis.call('HDEL', staff, userId)
  if not wasMember then return 0 end
  redis.call('SET', operation, 1, 'EX', ${operationLifetime})
  return 1`,
);

/** Lua that reads the last id of the audit log, before anything is written: the log may be unreadable. */
const readLastId = `
  local top = redis.call('ZRANGE', audit, 0, 0, 'REV', 'WITHSCORES')`;

/** Lua that adds the record `text` to the audit log. */
const addRecord = `
  local id = string.format('%d', (tonumber(top[2]) or 0) + 1)
  redis.call('ZADD', audit, id, id .. ' ' .. text)
  local over = redis.call('ZCARD', audit) - ${maxAuditRecords}
  if over > 0 then redis.call('ZREM', audit, unpack(redis.call('ZRANGE', audit, 0, over - 1))) end
  redis.call('SET', operation, 1, 'EX', ${operationLifetime})
  return 1`;

/**
 * Begins an act of the staff member `by`: adds the record, and takes the right from the user if `endsRight` is 1. Rejects
 * with 'last_administrator' or 'not_staff'.
 */
export const beginAct = script<1>()(
  { keys: ['staff', 'audit', 'operation'], args: ['by', 'userId', 'endsRight', 'text'] },
  `${membership}
  if redis.call('EXISTS', operation) == 1 then return 1 end
  if endsRight == '1' and isLast(userId) then ${reject('last_administrator')} end
  if not isMember(by) then ${reject('not_staff')} end
  ${readLastId}
  if endsRight == '1' then redis.call('HDEL', staff, userId) end
  ${addRecord}`,
);

export const addAuditRecord = script<1>()(
  { keys: ['audit', 'operation'], args: ['text'] },
  `
  if redis.call('EXISTS', operation) == 1 then return 1 end
  ${readLastId}
  ${addRecord}`,
);

/**
 * Writes the mark to an active account. Replies 0 if there is none. Sent again, it must not bring back a mark that was
 * replaced meanwhile: then a change of the account would not see that.
 */
export const markAccount = script<0 | 1>()(
  { keys: ['account', 'operation'], args: ['mark'] },
  `
  if redis.call('EXISTS', operation) == 1 then return 1 end
  if redis.call('HGET', account, 'active') ~= '1' then return 0 end
  redis.call('HSET', account, 'staff', mark)
  redis.call('SET', operation, 1, 'EX', ${operationLifetime})
  return 1`,
);
