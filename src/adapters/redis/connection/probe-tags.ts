import { Cluster, Command } from 'ioredis';
import type { RedisClient } from './redis-client.js';

/** How many tags are tried. A master with hardly any slot may be missed. */
const attempts = 16_384;

/** For each master that serves slots a text: a key with that in braces is in one of them. One text without a Cluster. */
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
