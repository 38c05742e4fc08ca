import { createStorage as createInMemoryStorage } from './adapters/in-memory/create-storage.js';
import { createStorage as createRedisStorage } from './adapters/redis/create-storage.js';
import { loadStorageModule } from './adapters/storage-module/load-storage-module.js';
import type { Storage, StorageOptions } from './application/ports/storage.js';
import type { StorageChoice } from './config/config.js';

/** Creates the chosen storage. Throws StorageError if a storage module does not load or create one within `timeout` ms. */
export async function createStorage(
  choice: StorageChoice,
  options: StorageOptions,
  timeout = 30_000,
): Promise<Storage> {
  switch (choice.kind) {
    case 'memory':
      return createInMemoryStorage(options);
    case 'redis':
      return createRedisStorage({ ...options, redis: choice.redis });
    case 'module':
      return loadStorageModule(choice.specifier, options, timeout);
  }
}
