import { createStorage as createInMemoryStorage } from './adapters/in-memory/create-storage.js';
import type { RedisObserver } from './adapters/redis/connection/outage-log.js';
import { createStorage as createRedisStorage } from './adapters/redis/create-storage.js';
import type { ObserveCall } from './adapters/storage-module/checked-storage.js';
import { loadStorageModule } from './adapters/storage-module/load-storage-module.js';
import type { Storage, StorageOptions } from './application/ports/storage.js';
import type { StorageChoice } from './config/config.js';

/** Measures the chosen storage. Only the method for that storage is called. */
export interface StorageMeters {
  observeRedis(): RedisObserver;
  observeModule(): ObserveCall;
}

/** Creates the chosen storage. Throws StorageError if a storage module does not load or create one within `timeout` ms. */
export async function createStorage(
  choice: StorageChoice,
  options: StorageOptions,
  timeout = 30_000,
  meters?: StorageMeters,
): Promise<Storage> {
  switch (choice.kind) {
    case 'memory':
      return createInMemoryStorage(options);
    case 'redis':
      return createRedisStorage({ ...options, redis: choice.redis, observer: meters?.observeRedis() });
    case 'module':
      return loadStorageModule(choice.specifier, options, timeout, meters?.observeModule());
  }
}
