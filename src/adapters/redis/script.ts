import { createHash } from 'node:crypto';

/** A Lua script that runs as one step. The first `numberOfKeys` of its arguments are keys, at least one. */
export interface Script {
  readonly numberOfKeys: number;
  readonly lua: string;
  /** The SHA-1 of `lua`, by which a server calls a script that it knows. */
  readonly sha: string;
}

export function createScript(numberOfKeys: number, lua: string): Script {
  return { numberOfKeys, lua, sha: createHash('sha1').update(lua).digest('hex') };
}
