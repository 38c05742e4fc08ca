import type { Storage } from '../application/ports/storage.js';
import type { SettableClock } from './settable-clock.js';

/** What the contract needs of a test runner. mocha, node:test and vitest have it. */
export interface TestRunner {
  readonly describe: (title: string, define: () => void) => unknown;
  readonly it: Define & { readonly skip: Define };
}

/** `timeout` is in milliseconds. A runner may ignore it. */
type Define = (title: string, test: () => Promise<void>, timeout: number) => unknown;

/** What a part of the contract is written with. */
export interface Suite {
  readonly describe: (title: string, define: () => void) => void;
  readonly it: (title: string, test: () => Promise<void>) => void;
  /** Opens an empty storage, and returns it with its clock. It is closed after the test. */
  readonly open: () => Promise<{ readonly storage: Storage; readonly clock: SettableClock }>;
}
