import assert from 'node:assert/strict';
import type { CreateStorage, Storage } from '../application/ports/storage.js';
import { withTimeout } from '../adapters/storage-module/with-timeout.js';
import { archiveContract } from './archive-contract.js';
import { heldToPromises } from './held-to-promises.js';
import { rateLimiterContract } from './rate-limiter-contract.js';
import { sessionRepositoryContract } from './session-repository-contract.js';
import { SettableClock } from './settable-clock.js';
import type { Suite, TestRunner } from './suite.js';
import { taskRepositoryContract } from './task-repository-contract.js';
import { taskRevisionContract } from './task-revision-contract.js';
import { taskSelectionContract } from './task-selection-contract.js';
import { userRepositoryContract } from './user-repository-contract.js';

export type { TestRunner } from './suite.js';

export interface ContractOptions {
  /** The runner's `describe` and `it`; the global ones unless they are given. */
  readonly test?: TestRunner;
  /**
   * Is given each storage before its test. A storage with a pool of connections should open them all: while they are
   * being opened, calls that should race come one after the other.
   */
  readonly warmUp?: (storage: Storage) => Promise<unknown>;
  /** The tests that the storage is known to fail, by their full titles, and for each the reason. They are listed. */
  readonly skip?: Readonly<Record<string, string>>;
}

/** Milliseconds that a storage may take to be created. */
const creationTimeout = 30_000;

/** Milliseconds that a test may take. */
const testTimeout = 60_000;

const notCreated = () => new Error('createStorage has not resolved');
const ignored = () => undefined;
const silentLog = { debug: ignored, info: ignored, warn: ignored, error: ignored };

/**
 * Defines the tests of what every storage promises: the docstrings of its ports. `createStorage` must return an empty
 * storage each time; each is closed after its test. Refusals are recognised by their `code`.
 */
export function storageContract(createStorage: CreateStorage, options: ContractOptions = {}): void {
  const suite = suiteOf(createStorage, options);
  const { describe, it, open } = suite;

  it('reports in its health check that it works', async () => {
    const { storage } = await open();
    assert.deepEqual((await storage.check()).reasons, []);
  });

  it('inspects itself, if it can, and finds no problem', async () => {
    const { storage } = await open();
    const findings = (await storage.inspect?.()) ?? [];
    for (const { level, message } of findings) {
      assert.notEqual(level, 'problem', message);
      assert.match(message, /^\S.*\.$/);
    }
  });

  it('is empty at the start', async () => {
    const { storage } = await open();
    assert.deepEqual(await storage.users.list({ after: 0, limit: 10 }), []);
  });

  describe('users', () => userRepositoryContract(suite));
  describe('sessions', () => sessionRepositoryContract(suite));
  describe('tasks', () => {
    taskRepositoryContract(suite);
    describe('selecting', () => taskSelectionContract(suite));
    taskRevisionContract(suite);
  });
  describe('attempts', () => rateLimiterContract(suite));
  describe('export and import', () => archiveContract(suite));
}

function suiteOf(
  createStorage: CreateStorage,
  { test: runner = globalRunner(), warmUp, skip = {} }: ContractOptions,
): Suite {
  const opened: Storage[] = [];
  const unused = new Set(Object.keys(skip));
  let path: readonly string[] = [];

  const closeAll = async () => Promise.all(opened.splice(0).map((storage) => storage.close()));
  const run = async (test: () => Promise<void>) => {
    try {
      await test();
    } catch (error) {
      await closeAll().catch(ignored);
      throw error;
    }
    await closeAll();
  };
  const suite: Suite = {
    describe(title, define) {
      const inside = [...path, title];
      // Some runners call this at once, some only when they are through with the suite around it.
      runner.describe(title, () => {
        const around = path;
        path = inside;
        define();
        path = around;
      });
    },
    it(title, test) {
      const fullTitle = [...path, title].join(' ');
      const reason = skip[fullTitle];
      if (reason !== undefined) {
        unused.delete(fullTitle);
        runner.it.skip(`${title} (skipped: ${reason})`, test, testTimeout);
        return;
      }
      const defined = runner.it(title, () => run(test), testTimeout);
      setTimeoutOf(defined);
    },
    async open() {
      const clock = new SettableClock();
      const creating = createStorage({ clock: clock.now, log: silentLog });
      const storage = heldToPromises(await withTimeout(creating, creationTimeout, notCreated));
      opened.push(storage);
      await warmUp?.(storage);
      return { storage, clock };
    },
  };
  suite.it('skips only tests that exist', async () => {
    assert.deepEqual([...unused], [], 'no test has this title');
  });
  return suite;
}

/** mocha takes a test's timeout from the test that it returns, not as an argument. */
function setTimeoutOf(defined: unknown): void {
  const { timeout } = (defined ?? {}) as { timeout?: unknown };
  if (typeof timeout === 'function') Reflect.apply(timeout, defined, [testTimeout]);
}

function globalRunner(): TestRunner {
  const { describe, it } = globalThis as unknown as Partial<TestRunner>;
  if (!describe || !it) {
    throw new Error(
      'storageContract needs `describe` and `it`: pass those of your test runner as `{ test }`.',
    );
  }
  return { describe, it };
}
