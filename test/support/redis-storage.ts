import { createStorage } from '../../src/adapters/redis/create-storage.js';
import type { RedisSettings } from '../../src/adapters/redis/connection/redis-settings.js';
import type { Storage, StorageOptions } from '../../src/application/ports/storage.js';
import type { RedisServer } from './redis-server.js';
import { waitForStorage } from './wait-for-storage.js';

/** How to reach a server that was started without conditions. */
export function settingsFor(server: RedisServer): RedisSettings {
  const hosts = [{ host: '127.0.0.1', port: server.port }];
  return { mode: 'single', hosts, tls: false, database: 0, keyPrefix: 'test:', replicasToWaitFor: 0 };
}

/** A storage on this server that is connected already. */
export async function openRedisStorage(
  server: RedisServer,
  options: StorageOptions,
  given: Partial<RedisSettings> = {},
): Promise<Storage> {
  const storage = await createStorage({ ...options, redis: { ...settingsFor(server), ...given } });
  try {
    return await waitForStorage(storage);
  } catch (error) {
    await storage.close();
    throw error;
  }
}
