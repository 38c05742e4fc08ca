import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The path of a file of this project. */
export function inProject(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}

/** The flags that `npm start` gives to node. */
export function startFlags(): string[] {
  const manifest = JSON.parse(readFileSync(inProject('package.json'), 'utf8')) as {
    scripts: { start: string };
  };
  const flags = /\bnode (.*?)dist\/src\/main\.js/.exec(manifest.scripts.start)?.[1];
  if (flags === undefined) throw new Error('The start script of package.json does not run dist/src/main.js.');
  return flags.split(' ').filter(Boolean);
}
