import type { Storage } from '../../src/application/ports/storage.js';
import { until } from './until.js';

/** Answers the storage as soon as it can serve; a storage may connect in the background. */
export function untilReachable<S extends Pick<Storage, 'check'>>(storage: S): Promise<S> {
  return until('the storage can serve', () =>
    storage.check().then(
      () => storage,
      () => undefined,
    ),
  );
}
