import { Cluster } from 'ioredis';
import { StorageUnavailable } from '../../../application/ports/storage.js';
import { Keys } from '../keys.js';
import { checkLayout } from '../layout.js';
import type { RedisClient } from './redis-client.js';
import type { RedisSettings } from './redis-settings.js';

/**
 * Makes sure that a new connection leads to what was asked for; rejected otherwise, and then the connection is made anew.
 * Nothing else is sent over it before.
 */
export async function shakeHands(client: RedisClient, { database, keyPrefix }: RedisSettings): Promise<void> {
  if (client instanceof Cluster) {
    const info = await client.cluster('INFO');
    if (info.includes('cluster_state:fail')) throw new StorageUnavailable('CLUSTERDOWN');
  } else if (database !== 0) {
    // In capitals: what the library knows for SELECT, it repeats by itself at each connection, and ignores the refusal.
    await client.call('SELECT', database);
  }
  await checkLayout(client, new Keys(keyPrefix));
}
