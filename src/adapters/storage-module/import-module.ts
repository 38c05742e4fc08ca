import { existsSync } from 'node:fs';
import { Module } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * Imports a module by its path, its URL, or the name of a package. A path is relative to the working directory. A package is
 * looked for from the working directory, as a module there would import it, and then from here.
 */
export async function importModule(specifier: string): Promise<object> {
  if (/^\.{0,2}\//.test(specifier)) return importHere(pathToFileURL(resolve(specifier)).href);
  return importFromWorkingDirectory(specifier).catch((error: unknown) => {
    if (!isMissing(specifier, error)) throw error;
    return importHere(specifier).catch((other: unknown) => {
      if (!isMissing(specifier, other)) throw other;
      if (!existsSync(specifier)) throw error; // It names the directory where an operator would install it.
      throw new Error(`there is no package of this name; the path of the file is ./${specifier}`);
    });
  });
}

type Import = (specifier: string) => Promise<object>;

const importHere: Import = (specifier) => import(specifier);

/**
 * `createRequire` would take what a package exports to `require`, and `import.meta.resolve` knows no place but this one. So
 * the import stands in a module that is made up, which lies there.
 */
function importFromWorkingDirectory(specifier: string): Promise<object> {
  const path = resolve('hexado.cjs');
  const module = new Module(path) as Module & { _compile(code: string, path: string): void };
  module._compile('module.exports = (specifier) => import(specifier);', path);
  return (module.exports as Import)(specifier);
}

/** Whether there is no such package; not whether one that it needs is missing. */
function isMissing(specifier: string, error: unknown): boolean {
  const [name] = /^(?:@[^/]+\/)?[^/]+/.exec(specifier) ?? [];
  return error instanceof Error && error.message.startsWith(`Cannot find package '${name}' `);
}
