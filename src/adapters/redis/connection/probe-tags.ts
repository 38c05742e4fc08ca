import { Cluster, Command } from 'ioredis';
import type { RedisClient } from './redis-client.js';

/** How many tags are tried. A master with very few slots may be missed. */
const attempts = 16_384;

/**
 * One hash tag for each master that serves slots: a key with that tag is in one of them. Without a Cluster, one tag.
 */
export function probeTags(client: RedisClient): readonly string[] {
  if (!(client instanceof Cluster)) return ['0'];
  const masters = new Set(client.slots.map(([master]) => master));
  const tags: string[] = [];
  for (let number = 0; masters.size > 0 && number < attempts; number++) {
    const slot = new Command('get', [`{${number}}`]).getSlot() ?? 0;
    if (masters.delete(client.slots[slot]?.[0])) tags.push(String(number));
  }
  return tags;
}
