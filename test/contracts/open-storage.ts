import type { Storage } from '../../src/application/ports/storage.js';
import type { SettableClock } from '../support/settable-clock.js';

/** Opens an empty storage, and returns it with its clock. It is closed after the test. */
export type OpenStorage = () => Promise<{ readonly storage: Storage; readonly clock: SettableClock }>;
