import { maxAuditRecords } from '../../domain/audit.js';
import { operationLifetime } from './lua/prelude.js';
import { reject } from './lua/rejection.js';
import { script } from './lua/script.js';

/** Before the mark of a user who is not staff yet: see staff-members.ts. */
export const nominated = '?';

/** Lua functions: whether the user is staff, and whether nobody else is. */
const membership = `
  local function isMark(held) return held and string.sub(held, 1, 1) ~= '${nominated}' end
  local function isMember(id) return isMark(redis.call('HGET', staff, id)) end
  local function isLast(id)
    if not isMember(id) then return false end
    local held = redis.call('HGETALL', staff)
    for i = 1, #held, 2 do
      if held[i] ~= id and isMark(held[i + 1]) then return false end
    end
    return true
  end`;

/** Replies 0 if the user is staff already. */
export const nominate = script<0 | 1>()(
  { keys: ['staff'], args: ['userId', 'mark'] },
  `${membership}
  if isMember(userId) then return 0 end
  redis.call('HSET', staff, userId, '${nominated}' .. mark)
  return 1`,
);

/** Makes a user with this mark staff. Replies 0 if the nomination with this mark was withdrawn. */
export const confirm = script<0 | 1>()(
  { keys: ['staff'], args: ['userId', 'mark'] },
  `
  local held = redis.call('HGET', staff, userId)
  if held == mark then return 1 end
  if held ~= '${nominated}' .. mark then return 0 end
  redis.call('HSET', staff, userId, mark)
  return 1`,
);

/** Takes back what was done with this mark, even if nobody else is staff. */
export const withdraw = script<1>()(
  { keys: ['staff'], args: ['userId', 'mark'] },
  `
  local held = redis.call('HGET', staff, userId)
  if held == mark or held == '${nominated}' .. mark then redis.call('HDEL', staff, userId) end
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

/** Lua that adds the record `text` to the audit log. */
const addRecord = `
  local top = redis.call('ZRANGE', audit, 0, 0, 'REV', 'WITHSCORES')
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
  if endsRight == '1' then redis.call('HDEL', staff, userId) end
  ${addRecord}`,
);

export const addAuditRecord = script<1>()(
  { keys: ['audit', 'operation'], args: ['text'] },
  `
  if redis.call('EXISTS', operation) == 1 then return 1 end
  ${addRecord}`,
);

/** Writes the mark to an active account. Replies 0 if there is none. */
export const markAccount = script<0 | 1>()(
  { keys: ['account'], args: ['mark'] },
  `
  if redis.call('HGET', account, 'active') ~= '1' then return 0 end
  redis.call('HSET', account, 'staff', mark)
  return 1`,
);
