import { Cluster } from 'ioredis';
import { StorageUnavailable } from '../../../application/ports/storage.js';
import { Keys } from '../keys.js';
import { checkLayout } from '../layout.js';
import type { RedisClient } from './redis-client.js';
import type { RedisSettings } from './redis-settings.js';

/**
 * Checks a new connection: the state of the Cluster or the database, and the layout of the data. Rejects if something
 * is wrong; then the client reconnects. No other command is sent over the connection before.
 */
export async function shakeHands(client: RedisClient, { database, keyPrefix }: RedisSettings): Promise<void> {
  if (client instanceof Cluster) {
    const info = await client.cluster('INFO');
    if (info.includes('cluster_state:fail')) throw new StorageUnavailable('CLUSTERDOWN');
  } else if (database !== 0) {
    // In capitals, because the library repeats a `select` at each connection by itself, and ignores its failure.
    await client.call('SELECT', database);
  }
  await checkLayout(client, new Keys(keyPrefix));
}
