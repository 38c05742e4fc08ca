import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The path of a file of this project. */
export function inProject(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}

/** The flags that `hexado` gives to node. */
export function startFlags(): string[] {
  const flags = /exec node (.*) -- /.exec(readFileSync(inProject('bin/hexado'), 'utf8'))?.[1];
  if (flags === undefined) throw new Error('bin/hexado does not start node.');
  return flags.split(' ');
}
