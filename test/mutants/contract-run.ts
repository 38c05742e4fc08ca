import { parentPort, workerData } from 'node:worker_threads';
import type { CreateStorage } from '../../src/application/ports/storage.js';
import { storageContract } from '../../src/storage-contract/storage-contract.js';
import type { TestRunner } from '../../src/storage-contract/suite.js';
import type { Part } from './fault.js';

/** What a worker that runs the contract is told. */
export interface ContractRun {
  /** The module that exports `createStorage`. */
  readonly module: string;
  /** A module that exports `emptying`, which makes of it one that returns an empty storage each time, if needed. */
  readonly emptying?: string | undefined;
  readonly part?: Part | undefined;
}

/** What the worker says: that it begins, and then which test was red, or how many were green. */
export type ContractReport =
  'loaded' | { readonly red: string; readonly message: string } | { readonly green: number };

interface Test {
  readonly part: string;
  readonly title: string;
  readonly run: () => Promise<void>;
}

const { module, emptying, part } = workerData as ContractRun;
const report = (what: ContractReport) => parentPort?.postMessage(what);

const tests = testsOf(await loadCreateStorage());
report('loaded');
const wanted = tests.filter((test) => part === undefined || test.part === part);
report((await firstRed(wanted)) ?? { green: wanted.length });

async function loadCreateStorage(): Promise<CreateStorage> {
  const { createStorage } = (await import(module)) as { readonly createStorage: CreateStorage };
  if (emptying === undefined) return createStorage;
  const made = (await import(emptying)) as { readonly emptying: (of: CreateStorage) => CreateStorage };
  return made.emptying(createStorage);
}

function testsOf(createStorage: CreateStorage): readonly Test[] {
  const defined: Test[] = [];
  const path: string[] = [];
  const it = (title: string, run: () => Promise<void>) => {
    defined.push({ part: path[0] ?? 'storage', title: [...path, title].join(' '), run });
  };
  const test: TestRunner = {
    describe(title, define) {
      path.push(title);
      define();
      path.pop();
    },
    it: Object.assign(it, { skip: it }),
  };
  storageContract(createStorage, { test });
  return defined;
}

async function firstRed(run: readonly Test[]): Promise<ContractReport | undefined> {
  for (const test of run) {
    try {
      await test.run();
    } catch (error) {
      return { red: test.title, message: error instanceof Error ? error.message : String(error) };
    }
  }
  return undefined;
}
