import { operationLifetime } from './lua/prelude.js';
import { script } from './lua/script.js';

/**
 * `countAttempt` of the domain, a leaky bucket, in Lua. Replies the seconds to wait; 0 if the attempt is counted. Keeps
 * the subject from the first attempt that has to wait until the bucket is empty.
 */
export const countAttempt = script<string>()(
  { keys: ['counted', 'operation'], args: ['maxAttempts', 'seconds', 'time', 'subject'] },
  `
  if redis.call('EXISTS', operation) == 1 then return '0' end
  local attempts, period, now = tonumber(maxAttempts), tonumber(seconds), tonumber(time)
  local before = redis.call('HMGET', counted, 'count', 'at', 'subject')
  local count, at = tonumber(before[1] or 0), tonumber(before[2] or now)
  if at > now + 5 then count, at = 0, now end
  local forgotten = math.max(0, now - at) * attempts / period
  local left = math.min(attempts, math.max(0, count - forgotten))
  local wait = (left + 1 - attempts) * period / attempts
  if wait > 1e-6 then
    if not before[3] then redis.call('HSET', counted, 'subject', subject) end
    return tostring(wait)
  end
  redis.call('HSET', counted, 'count', left + 1, 'at', math.max(at, now))
  if before[3] and left == 0 then redis.call('HDEL', counted, 'subject') end
  redis.call('EXPIRE', counted, period)
  redis.call('SET', operation, 1, 'EX', ${operationLifetime})
  return '0'`,
);

export const giveBackAttempt = script<1>()(
  { keys: ['counted', 'operation'], args: [] },
  `
  if redis.call('EXISTS', operation) == 1 then return 1 end
  local count = tonumber(redis.call('HGET', counted, 'count'))
  if not count then return 1 end
  redis.call('HSET', counted, 'count', math.max(0, count - 1))
  redis.call('SET', operation, 1, 'EX', ${operationLifetime})
  return 1`,
);

export const trust = script<1>()(
  { keys: ['counted', 'trusted'], args: ['trustedUntil', 'lifetime'] },
  `
  redis.call('DEL', counted)
  redis.call('SET', trusted, trustedUntil, 'EX', lifetime)
  return 1`,
);
