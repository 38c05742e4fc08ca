import { UnknownLayout } from '../../application/ports/storage.js';
import type { Keys } from './keys.js';
import { isErrorReply } from './connection/outage-log.js';
import { adviceFor, keysOutOfType } from './connection/error-reason.js';
import type { RedisClient } from './connection/redis-client.js';

/**
 * The layout of the data that this version reads and writes. A change that only adds keys or fields keeps the number:
 * readers ignore what they do not know, so two versions can run side by side. Any other change increases it.
 */
const layout = '1';

/**
 * Resolves if the data has this layout, or if there is no data, which then gets it. Otherwise rejects with
 * UnknownLayout.
 */
export async function checkLayout(client: RedisClient, keys: Keys): Promise<void> {
  const found = (await readLayout(client, keys)) ?? (await markNewData(client, keys));
  if (found === layout) return;
  const reason = found === undefined ? 'data without a layout' : `data of ${describe(found)}`;
  throw new UnknownLayout(reason, { advice: adviceFor(reason) });
}

async function readLayout(client: RedisClient, keys: Keys): Promise<string | undefined> {
  const found = await client.get(keys.layout).catch((error: unknown) => {
    if (keysOutOfType(error) === undefined) throw error;
    return 'no text';
  });
  return found ?? undefined;
}

function describe(found: string): string {
  return /^\d{1,9}$/.test(found) ? `layout ${found}` : 'an unknown layout';
}

/** Writes the layout if there is no user yet. Resolves to the resulting layout, or to undefined if there are users. */
async function markNewData(client: RedisClient, keys: Keys): Promise<string | undefined> {
  if ((await client.get(keys.userIds)) !== null) return undefined;
  const marked = await client.set(keys.layout, layout, 'NX').catch((error: unknown) => {
    // If nothing can be written, there will be no data either. The first user will write the layout.
    if (isErrorReply(error)) return 'OK';
    throw error;
  });
  return marked === 'OK' ? layout : readLayout(client, keys);
}

/** Writes the layout together with the first user: the database may have been emptied since the connection was made. */
export async function markFirstData(client: RedisClient, keys: Keys): Promise<void> {
  await client.set(keys.layout, layout, 'NX');
}
