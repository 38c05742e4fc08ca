import type { Storage } from '../../src/application/ports/storage.js';
import { waitFor } from './wait-for.js';

/** Resolves with the storage as soon as it can serve. It may connect in the background. */
export function waitForStorage<S extends Pick<Storage, 'check'>>(storage: S): Promise<S> {
  return waitFor('the storage can serve', () =>
    storage.check().then(
      () => storage,
      () => undefined,
    ),
  );
}
