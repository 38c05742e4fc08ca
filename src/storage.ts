import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createStorage as createInMemoryStorage } from './adapters/in-memory/create-storage.js';
import { createStorage as createRedisStorage } from './adapters/redis/create-storage.js';
import type { CreateStorage, Storage, StorageOptions } from './application/ports.js';
import type { StorageChoice } from './config.js';
import { guardStorage } from './guard-storage.js';
import { inTime } from './in-time.js';
import { answers } from './storage-answers.js';

/** Thrown when a storage module cannot be used, with a sentence that says why. */
export class StorageError extends Error {
  override readonly name = 'StorageError';
}

/**
 * Creates the chosen storage; throws StorageError if it is a module that does not hold what a storage promises, or has
 * no storage within `patience` milliseconds. Whatever such a module does later, a call of the storage is answered in time.
 */
export async function createStorage(
  choice: StorageChoice,
  options: StorageOptions,
  patience = 30_000,
): Promise<Storage> {
  switch (choice.kind) {
    case 'memory':
      return createInMemoryStorage(options);
    case 'redis':
      return createRedisStorage({ ...options, redis: choice.redis });
    case 'module':
      return createFromModule(choice.specifier, options, patience);
  }
}

async function createFromModule(
  specifier: string,
  options: StorageOptions,
  patience: number,
): Promise<Storage> {
  const problem = (what: string) => new StorageError(`STORAGE=${specifier}: ${what}.`);
  const tooLate = (what: string) => () => problem(`${what} after ${patience / 1000} seconds`);
  const loaded = load(specifier).catch((error: unknown) => {
    throw problem(`the module cannot be loaded: ${firstLine(error)}`);
  });
  const module = await inTime(loaded, patience, tooLate('the module has not been loaded'));
  if (typeof module.createStorage !== 'function') throw problem('the module does not export createStorage');
  const created = Promise.resolve()
    .then(() => module.createStorage?.(options))
    .catch((error: unknown) => {
      throw problem(`createStorage failed: ${firstLine(error)}`);
    });
  const storage: unknown = await inTime(created, patience, tooLate('createStorage has not answered'));
  const missing = missingMethods(storage);
  if (missing.length > 0) throw problem(`createStorage answered a storage without ${missing.join(', ')}`);
  return guardStorage(storage as Storage, options.log);
}

/** A path is taken from the working directory, everything else as an `import` would find it. */
async function load(specifier: string): Promise<{ createStorage?: CreateStorage }> {
  const isPath = /^\.{0,2}\//.test(specifier);
  return import(isPath ? pathToFileURL(resolve(specifier)).href : specifier);
}

function missingMethods(value: unknown, expected: object = answers, path = ''): string[] {
  return Object.entries(expected).flatMap(([name, part]: [string, object]) => {
    const member = (value as Record<string, unknown> | undefined | null)?.[name];
    if (typeof part !== 'function') return missingMethods(member, part, `${path}${name}.`);
    return typeof member === 'function' ? [] : [`${path}${name}`];
  });
}

function firstLine(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split('\n', 1)[0] ?? '';
}
