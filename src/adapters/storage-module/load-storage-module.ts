import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { CreateStorage, Storage, StorageOptions } from '../../application/ports/storage.js';
import { checkedStorage, type ObserveCall } from './checked-storage.js';
import { optionalMethods, resultSchemas } from './result-schemas.js';
import { withTimeout } from './with-timeout.js';

/** Thrown when a storage module cannot be used, with a message that says why. */
export class StorageError extends Error {
  override readonly name = 'StorageError';
}

/**
 * Loads the module and creates its storage, wrapped by `checkedStorage`. Throws StorageError if the module does not export
 * `createStorage`, if the storage lacks a method, or if loading or creating takes longer than `timeout` milliseconds.
 */
export async function loadStorageModule(
  specifier: string,
  options: StorageOptions,
  timeout: number,
  observe?: ObserveCall,
): Promise<Storage> {
  const createStorage = await loadCreateStorage(specifier, timeout);
  return checkedStorage(await createStorage(options), options.log, observe);
}

/**
 * Loads the module; returns what creates its storages, each within `timeout` milliseconds. Both throw StorageError, as
 * `loadStorageModule` does.
 */
export async function loadCreateStorage(specifier: string, timeout: number): Promise<CreateStorage> {
  const problem = (what: string) => new StorageError(`STORAGE=${specifier}: ${what}.`);
  const onTimeout = (what: string) => () => problem(`${what} after ${timeout / 1000} seconds`);
  const loaded = load(specifier).catch((error: unknown) => {
    throw problem(`the module cannot be loaded: ${firstLine(error)}`);
  });
  const { createStorage } = await withTimeout(loaded, timeout, onTimeout('the module has not been loaded'));
  if (typeof createStorage !== 'function') throw problem('the module does not export createStorage');
  return async (options) => {
    const created = Promise.resolve()
      .then(() => createStorage(options))
      .catch((error: unknown) => {
        throw problem(`createStorage failed: ${firstLine(error)}`);
      });
    const storage: unknown = await withTimeout(created, timeout, onTimeout('createStorage has not resolved'));
    const missing = missingMethods(storage);
    if (missing.length > 0) throw problem(`createStorage returned a storage without ${missing.join(', ')}`);
    return storage as Storage;
  };
}

/** A path is relative to the working directory. Everything else is resolved as `import` does. */
async function load(specifier: string): Promise<{ createStorage?: CreateStorage }> {
  const isPath = /^\.{0,2}\//.test(specifier);
  return import(isPath ? pathToFileURL(resolve(specifier)).href : specifier);
}

function missingMethods(value: unknown, expected: object = resultSchemas, path = ''): string[] {
  return Object.entries(expected).flatMap(([name, part]: [string, object]) => {
    const member = (value as Record<string, unknown> | undefined | null)?.[name];
    if (typeof part !== 'function') return missingMethods(member, part, `${path}${name}.`);
    const mayBeMissing = member === undefined && optionalMethods.includes(`${path}${name}`);
    return typeof member === 'function' || mayBeMissing ? [] : [`${path}${name}`];
  });
}

function firstLine(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split('\n', 1)[0] ?? '';
}
