import { createHash } from 'node:crypto';
import type { RedisConnection } from '../connection/redis-connection.js';

// Each script is one step, touches one slot, and may be executed twice: when a reply is lost, ioredis on a Cluster sends
// the script again. The second time, it changes nothing and answers what it answered before. A Redis that is out of memory
// refuses the first command that would add something, and lets a script that has begun to write go on: those that take
// away do that first. What may not be lost is written before what it replaces is deleted, in case the latter is refused.

/** A Lua script that runs as one step. */
export interface Script {
  readonly numberOfKeys: number;
  readonly lua: string;
  /** The SHA-1 of `lua`, by which a server calls a script that it knows. */
  readonly sha: string;
  /** Whether it may change something. */
  readonly writes: boolean;
}

/** The keys and arguments of a script, at least one key. Lua has each as a local variable of its name. */
interface Parameters<Key extends string, Argument extends string> {
  readonly keys: readonly [Key, ...Key[]];
  readonly args: readonly Argument[];
  /** True if it is not given. */
  readonly writes?: boolean;
}

/**
 * A script that is called like a function, with its keys and arguments by name. `script<Reply>()` comes first because the
 * compiler infers either all types or none. It rejects by an error reply: see rejection.ts.
 */
export function script<Reply>() {
  return <const Key extends string, const Argument extends string>(
    { keys, args, writes = true }: Parameters<Key, Argument>,
    body: string,
  ): ((
    redis: RedisConnection,
    values: Readonly<Record<Key, string> & Record<Argument, string | number>>,
  ) => Promise<Reply>) => {
    const lua = `${locals(keys, 'KEYS')}${locals(args, 'ARGV')}${body}`;
    const sha = createHash('sha1').update(lua).digest('hex');
    const known: Script = { numberOfKeys: keys.length, lua, sha, writes };
    const names = [...keys, ...args];
    return (redis, values) =>
      redis.run(
        known,
        names.map((name) => values[name]),
      ) as Promise<Reply>;
  };
}

function locals(names: readonly string[], table: 'KEYS' | 'ARGV'): string {
  if (names.length === 0) return '';
  const values = names.map((_, index) => `${table}[${index + 1}]`);
  return `local ${names.join(', ')} = ${values.join(', ')}\n`;
}
