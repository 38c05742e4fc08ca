import { createHash } from 'node:crypto';
import type { RedisConnection } from '../connection/redis-connection.js';

// Each script is atomic, uses one slot, and is idempotent: when a reply is lost, ioredis on a Cluster sends the script
// again. The second time, it changes nothing and replies what it replied before.
//
// A Redis that is out of memory rejects the first command that adds data, but lets a script go on that has already
// written. So scripts that remove data do that first. Data that must not be lost is written before the data that it
// replaces is deleted, in case the deletion is rejected.

/** A Lua script, which runs as one atomic step. */
export interface Script {
  readonly numberOfKeys: number;
  readonly lua: string;
  /** The SHA-1 of `lua`, for EVALSHA. */
  readonly sha: string;
  /** Whether it may change data. */
  readonly writes: boolean;
}

/** The names of a script's keys (at least one) and arguments. In Lua, each is a local variable. */
interface Parameters<Key extends string, Argument extends string> {
  readonly keys: readonly [Key, ...Key[]];
  readonly args: readonly Argument[];
  /** Whether the script may change data; true by default. */
  readonly writes?: boolean;
}

/**
 * Makes a function that runs a script, with its keys and arguments by name. `script<Reply>()` is a call of its own
 * because the compiler infers either all type arguments or none. A script rejects with an error reply: see
 * rejection.ts.
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
