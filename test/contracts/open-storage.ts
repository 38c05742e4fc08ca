import type { Storage } from '../../src/application/ports/storage.js';
import type { SettableClock } from '../support/settable-clock.js';

/** Answers a storage with nothing in it, and the clock that it goes by; it is closed after the test. */
export type OpenStorage = () => Promise<{ readonly storage: Storage; readonly clock: SettableClock }>;
