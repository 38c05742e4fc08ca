import { setImmediate } from 'node:timers/promises';
import { CommandFailed } from '../adapters/terminal/command-failed.js';
import { print } from '../adapters/terminal/print.js';
import {
  createsTooLong,
  loadCreateStorage,
  StorageError,
} from '../adapters/storage-module/load-storage-module.js';
import { NotCreated } from '../adapters/storage-module/failure.js';
import { withTimeout } from '../adapters/storage-module/with-timeout.js';
import type { CreateStorage } from '../application/ports/storage.js';
import { storageContract } from '../storage-contract/storage-contract.js';
import type { TestRunner } from '../storage-contract/suite.js';

/** Milliseconds that loading the module, and each creation of a storage, may take. */
const timeout = 30_000;

interface Test {
  /** What it is about, such as `users`. */
  readonly group: string;
  readonly title: string;
  readonly run: () => Promise<void>;
}

/**
 * Holds the storage of a module to the contract, and prints a report. Sets the exit code 1 if a test fails. Throws
 * StorageError if the module cannot be used, StorageUnavailable if it cannot reach its database, and CommandFailed as soon
 * as it creates a storage that is not empty: the tests write, and must not meet somebody's data.
 */
export async function checkStorage(specifier: string): Promise<void> {
  const tests = testsOf(requireEmpty(await loadCreateStorage(specifier, timeout)));
  const failures: string[] = [];
  for (const group of new Set(tests.map((test) => test.group))) {
    const inGroup = tests.filter((test) => test.group === group);
    const failed = await failuresOf(inGroup);
    failures.push(...failed);
    await print(`${group.padEnd(20)}${inGroup.length - failed.length} of ${inGroup.length}\n`);
  }
  const result =
    failures.length === 0
      ? `The storage keeps all promises (${tests.length} tests).\n`
      : `The storage breaks ${failures.length} of ${tests.length} promises:\n${failures.map((each, index) => `\n${index + 1}. ${each}`).join('')}`;
  await print(`\n${result}`);
  if (failures.length > 0) process.exitCode = 1;
}

/** The tests of the contract, in their order. */
function testsOf(createStorage: CreateStorage): readonly Test[] {
  const tests: Test[] = [];
  let path: readonly string[] = [];
  const it = (title: string, run: () => Promise<void>) => {
    tests.push({ group: path[0] ?? 'the storage', title: [...path, title].join(' '), run });
  };
  const runner: TestRunner = {
    describe(title, define) {
      path = [...path, title];
      define();
      path = path.slice(0, -1);
    },
    it: Object.assign(it, { skip: it }),
  };
  storageContract(createStorage, { test: runner });
  return tests;
}

function requireEmpty(createStorage: CreateStorage): CreateStorage {
  return async (options) => {
    const storage = await withTimeout(createStorage(options), timeout, createsTooLong);
    const [user] = await storage.users.list({ after: 0, limit: 1 });
    if (user === undefined) return storage;
    await storage.close();
    throw new CommandFailed(
      'createStorage returned a storage that has users. The check writes: let createStorage return an empty storage each time, in a database of its own.',
    );
  };
}

/** Runs the tests one after the other; returns what is to be said of those that fail, or leave a rejection unhandled. */
async function failuresOf(tests: readonly Test[]): Promise<string[]> {
  const failures: string[] = [];
  const unhandled: unknown[] = [];
  const takeNote = (reason: unknown) => void unhandled.push(reason);
  process.on('unhandledRejection', takeNote);
  for (const { title, run } of tests) {
    try {
      // Node tells of unhandled rejections between two turns.
      await run().finally(() => setImmediate());
      if (unhandled.length > 0) throw unhandled[0];
    } catch (error) {
      if ([CommandFailed, StorageError, NotCreated].some((each) => error instanceof each)) throw error;
      failures.push(`${title}\n${indented(error)}\n`);
    }
    unhandled.length = 0;
  }
  process.off('unhandledRejection', takeNote);
  return failures;
}

/** Frames of Node, and of what is around every test. */
const commonFrames =
  /^ +at .*(?:\bnode:|\/src\/(?:cli|adapters\/storage-module)\/|\/(?:storage-contract|held-to-promises)\.js)/;

/** The error with its stack: where the test was, and the module. */
function indented(error: unknown): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const lines = text.split('\n').filter((line) => !commonFrames.test(line));
  return lines.map((line) => `   ${line}`).join('\n');
}
