import { setTimeout } from 'node:timers/promises';
import type { Storage } from '../../src/application/ports.js';

/** Answers the storage as soon as it can serve; a storage may connect in the background. Throws after ten seconds. */
export async function untilReachable<S extends Pick<Storage, 'check'>>(storage: S): Promise<S> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    try {
      await storage.check();
      return storage;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await setTimeout(5);
    }
  }
}
