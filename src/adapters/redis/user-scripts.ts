import { isLive, operationLifetime } from './lua-functions.js';
import { script } from './script.js';
import type { Refused } from './unless-refused.js';

/** KEYS username; ARGV user id. 1 if the name is now this user's. */
export const claimUsername = script<[username: string, userId: number], 0 | 1>(
  1,
  `
  redis.call('SET', KEYS[1], ARGV[1], 'NX')
  return redis.call('GET', KEYS[1]) == ARGV[1] and 1 or 0`,
);

/** KEYS username; ARGV user id. */
export const releaseUsername = script<[username: string, userId: number], 1>(
  1,
  `
  if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
  return 1`,
);

/** KEYS account; ARGV username, password hash, seconds since the epoch. 0 if anything else stands there. */
export const createAccount = script<
  [account: string, username: string, passwordHash: string, createdAt: number],
  0 | 1
>(
  1,
  `
  local kind = redis.call('TYPE', KEYS[1]).ok
  if kind == 'hash' then return redis.call('HGET', KEYS[1], 'password') == ARGV[2] and 1 or 0 end
  if kind ~= 'none' then return 0 end
  redis.call('HSET', KEYS[1], 'username', ARGV[1], 'password', ARGV[2], 'active', 1, 'created', ARGV[3])
  return 1`,
);

type KeysOfAccount = [
  account: string,
  sessions: string,
  tasks: string,
  taskCounts: string,
  requestCounts: string,
  operation: string,
];

const remove = `
  local existed = redis.call('EXISTS', KEYS[1])
  redis.call('UNLINK', KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5])
  if existed == 1 then redis.call('SET', KEYS[6], 1, 'EX', ${operationLifetime}) end
  return existed`;

/** KEYS account, sessions, tasks, task counts, request counts, operation. 1 if there was an account. */
export const removeAccount = script<KeysOfAccount, 0 | 1>(
  6,
  `
  if redis.call('EXISTS', KEYS[6]) == 1 then return 1 end
  ${remove}`,
);

/** The same KEYS; ARGV session id, now. */
export const removeOwnAccount = script<
  [...keys: KeysOfAccount, sessionId: string, now: number],
  0 | 1 | Refused
>(
  6,
  `${isLive}
  if redis.call('EXISTS', KEYS[6]) == 1 then return 1 end
  if not isLive(KEYS[2], ARGV[1], ARGV[2]) then return 'token_revoked' end
  ${remove}`,
);

/** KEYS account, sessions; ARGV field, value, 1 to end all sessions. 0 if there is no account. */
export const changeAccount = script<
  [
    account: string,
    sessions: string,
    field: 'active' | 'password',
    value: string | number,
    endSessions: 0 | 1,
  ],
  0 | 1
>(
  2,
  `
  if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
  if ARGV[3] == '1' then redis.call('DEL', KEYS[2]) end
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
  return 1`,
);

/** KEYS account; ARGV password hash expected, password hash to set. */
export const replacePassword = script<[account: string, from: string, to: string], 1>(
  1,
  `
  if redis.call('HGET', KEYS[1], 'password') == ARGV[1] then redis.call('HSET', KEYS[1], 'password', ARGV[2]) end
  return 1`,
);

/** KEYS account, sessions; ARGV password hash expected, password hash to set, session id, now. 0 if another hash stands there. */
export const changePassword = script<
  [account: string, sessions: string, from: string, to: string, sessionId: string, now: number],
  0 | 1 | Refused
>(
  2,
  `${isLive}
  local password = redis.call('HGET', KEYS[1], 'password')
  if password == ARGV[2] then return 1 end
  if not isLive(KEYS[2], ARGV[3], ARGV[4]) then return 'token_revoked' end
  if password ~= ARGV[1] then return 0 end
  redis.call('HSET', KEYS[1], 'password', ARGV[2])
  for _, id in ipairs(redis.call('HKEYS', KEYS[2])) do
    if id ~= ARGV[3] then redis.call('HDEL', KEYS[2], id) end
  end
  return 1`,
);
