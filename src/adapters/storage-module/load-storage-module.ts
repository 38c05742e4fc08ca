import {
  StorageUnavailable,
  UnknownLayout,
  type CreateStorage,
  type Storage,
  type StorageOptions,
} from '../../application/ports/storage.js';
import { asSentence } from './as-sentence.js';
import { checkedStorage, type ObserveCall } from './checked-storage.js';
import { FailureLog } from './failure-log.js';
import { isOutage, NotCreated, received } from './failure.js';
import { importModule } from './import-module.js';
import { postponedStorage } from './postponed-storage.js';
import { optionalMethods, resultSchemas } from './result-schemas.js';
import { StorageCreation } from './storage-creation.js';
import { withTimeout } from './with-timeout.js';

/** Thrown when a storage module cannot be used, with a message that says why. */
export class StorageError extends Error {
  override readonly name = 'StorageError';
}

/**
 * Loads the module and creates its storage, wrapped by `checkedStorage`, and logs its warnings. If the storage behind it
 * cannot be reached, or `createStorage` takes longer than `timeout` milliseconds, calls wait for it and reject with
 * StorageUnavailable until it is there. Rejects as `loadCreateStorage` does otherwise, and with UnknownLayout if `check` does.
 */
export async function loadStorageModule(
  specifier: string,
  options: StorageOptions,
  timeout: number,
  observe?: ObserveCall,
): Promise<Storage> {
  const createStorage = await loadCreateStorage(specifier, timeout);
  const creation = new StorageCreation(() => createStorage(options));
  const failures = new FailureLog(options.log);
  const storage = await withTimeout(creation.storage(), timeout, createsTooLong).catch((error: unknown) => {
    if (!(error instanceof NotCreated)) throw error;
    failures.failed('createStorage', error);
    return postponedStorage(creation);
  });
  const checked = checkedStorage(storage, options.log, observe, failures);
  await checked.check().catch(async (error: unknown) => {
    if (!(error instanceof UnknownLayout)) return;
    await checked.close().catch(() => undefined);
    throw error;
  });
  return checked;
}

/** The error if nothing comes of `createStorage`. */
export const createsTooLong = (): NotCreated => new NotCreated(new StorageUnavailable('timeout'));

/**
 * Loads the module, within `timeout` milliseconds; returns what creates its storages. Both reject with StorageError if the
 * module cannot be used, and the latter with NotCreated if the storage behind it cannot be reached, or with UnknownLayout.
 */
export async function loadCreateStorage(specifier: string, timeout: number): Promise<CreateStorage> {
  const problem = (what: string, cause?: unknown) =>
    new StorageError(`STORAGE=${specifier}: ${what}.`, { cause });
  const loaded = importModule(specifier).catch((thrown: unknown) => {
    throw problem(`the module cannot be loaded: ${firstLine(received(thrown))}`);
  });
  const { createStorage }: { readonly createStorage?: CreateStorage } = await withTimeout(
    loaded,
    timeout,
    () => problem(`the module has not been loaded after ${timeout / 1000} seconds`),
  );
  if (typeof createStorage !== 'function') throw problem('the module does not export createStorage');
  return async (options) => {
    const storage: unknown = await Promise.resolve()
      .then(() => createStorage(options))
      .catch((thrown: unknown) => {
        const error = received(thrown);
        if (error instanceof UnknownLayout) throw error;
        if (isOutage(error)) throw new NotCreated(error);
        throw problem(`createStorage failed: ${firstLine(error)}`, error);
      });
    const missing = methodsMissingIn(storage, () => problem('createStorage returned what cannot be read'));
    if (missing.length > 0) throw problem(`createStorage returned a storage without ${missing.join(', ')}`);
    return storage as Storage;
  };
}

function methodsMissingIn(storage: unknown, onUnreadable: () => Error): string[] {
  try {
    return missingMethods(storage);
  } catch {
    throw onUnreadable();
  }
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
  return asSentence(String(error instanceof Error ? error.message : error).split('\n', 1)[0] ?? '');
}
