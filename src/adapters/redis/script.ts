import { createHash } from 'node:crypto';
import type { RedisConnection } from './redis-connection.js';

// Each script is one step, touches one slot, and may be executed twice: when a reply is lost, ioredis on a Cluster sends
// the script again. The second time, it changes nothing and answers what it answered before. A Redis that is out of memory
// refuses the first command that would add something, and lets a script that has begun to write go on: those that take
// away do that first. What may not be lost is written before what it replaces is deleted, in case the latter is refused.

/** A Lua script that runs as one step. The first `numberOfKeys` of its arguments are keys, at least one. */
export interface Script {
  readonly numberOfKeys: number;
  readonly lua: string;
  /** The SHA-1 of `lua`, by which a server calls a script that it knows. */
  readonly sha: string;
  /** Whether it may change something. */
  readonly writes: boolean;
}

/** What a script is called with: its keys first. */
export type ScriptArguments = readonly [key: string, ...(string | number)[]];

/** A script that is called like a function. */
export function script<Arguments extends ScriptArguments, Reply>(
  numberOfKeys: number,
  lua: string,
  { writes } = { writes: true },
): (redis: RedisConnection, ...args: Arguments) => Promise<Reply> {
  const known = { numberOfKeys, lua, sha: createHash('sha1').update(lua).digest('hex'), writes };
  return (redis, ...args) => redis.run(known, args) as Promise<Reply>;
}
