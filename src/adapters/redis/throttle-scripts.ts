import { operationLifetime } from './lua-functions.js';
import { script } from './script.js';

/** KEYS counted, operation; ARGV attempts and period of the limit, now. Seconds to wait; 0 if the attempt counts. */
export const countAttempt = script<
  [counted: string, operation: string, attempts: number, period: number, now: number],
  string
>(
  2,
  `
  if redis.call('EXISTS', KEYS[2]) == 1 then return '0' end
  local attempts, period, now = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
  local before = redis.call('HMGET', KEYS[1], 'count', 'at')
  local count, at = tonumber(before[1] or 0), tonumber(before[2] or now)
  if at > now + 5 then count, at = 0, now end
  local forgotten = math.max(0, now - at) * attempts / period
  local left = math.min(attempts, math.max(0, count - forgotten))
  local wait = (left + 1 - attempts) * period / attempts
  if wait > 1e-6 then return tostring(wait) end
  redis.call('HSET', KEYS[1], 'count', left + 1, 'at', math.max(at, now))
  redis.call('EXPIRE', KEYS[1], period)
  redis.call('SET', KEYS[2], 1, 'EX', ${operationLifetime})
  return '0'`,
);

/** KEYS counted, operation. */
export const giveBackAttempt = script<[counted: string, operation: string], 1>(
  2,
  `
  if redis.call('EXISTS', KEYS[2]) == 1 then return 1 end
  local count = tonumber(redis.call('HGET', KEYS[1], 'count'))
  if not count then return 1 end
  redis.call('HSET', KEYS[1], 'count', math.max(0, count - 1))
  redis.call('SET', KEYS[2], 1, 'EX', ${operationLifetime})
  return 1`,
);

/** KEYS counted, trusted; ARGV until when, and for how many seconds. */
export const trust = script<[counted: string, trusted: string, until: number, lifetime: number], 1>(
  2,
  `
  redis.call('DEL', KEYS[1])
  redis.call('SET', KEYS[2], ARGV[1], 'EX', ARGV[2])
  return 1`,
);
