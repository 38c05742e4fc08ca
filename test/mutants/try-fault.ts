import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { ContractReport, ContractRun } from './contract-run.js';
import { plant, type Fault, type Part } from './fault.js';

/** A storage in whose copies faults are planted. */
export interface FaultyStorage {
  readonly name: string;
  /** The folder of its modules, and of nothing that should not be copied but folders. */
  readonly directory: URL;
  /** The folder in which copies are made. What the modules import must be found from a folder in it. */
  readonly copies: URL;
  /** The file that exports `createStorage`. */
  readonly main: string;
  readonly faults: readonly Fault[];
  /** Starts what the storage needs in so many lanes; it needs nothing if this is absent. */
  readonly start?: (lanes: number) => Promise<Surroundings>;
}

/** What a storage needs. */
export interface Surroundings {
  /** A module that exports `emptying`: it makes of `createStorage` one that returns an empty storage each time. */
  readonly emptying?: URL;
  /** What is added to the environment of the contracts in this lane. Those of different lanes run at once. */
  readonly environment?: (lane: number) => NodeJS.ProcessEnv;
  readonly stop?: () => Promise<void>;
}

/** A run of a part of the contract, or of all of it, on a copy of a storage, with a fault or as it is. */
export interface Trial {
  readonly part: Part | undefined;
  readonly fault?: Fault;
}

/** What became of a fault. */
export type Outcome =
  | { readonly kind: 'killed'; readonly by: string; readonly message: string }
  /** No test found it. */
  | { readonly kind: 'survived' }
  /** No test ended it: a hang that hangs the contract as well is no finding. */
  | { readonly kind: 'hung' };

/** Milliseconds after which a contract hangs. */
const patience = 60_000;

/** Runs the contract until the first red test. */
export async function tryFault(
  { directory, copies, main }: FaultyStorage,
  surroundings: Surroundings,
  { part, fault }: Trial,
  lane: number,
): Promise<Outcome> {
  const copy = new URL(`mutant-${process.pid}-${lane}/`, copies);
  await mkdir(copy);
  try {
    for (const file of await readdir(directory, { withFileTypes: true })) {
      if (file.isFile()) await copyFile(new URL(file.name, directory), new URL(file.name, copy));
    }
    if (fault) {
      const file = new URL(fault.file, copy);
      await writeFile(file, plant(await readFile(file, 'utf8'), fault));
    }
    return await runContract(new URL(main, copy), surroundings, part, lane);
  } finally {
    await rm(copy, { recursive: true });
  }
}

function runContract(
  module: URL,
  { emptying, environment }: Surroundings,
  part: Part | undefined,
  lane: number,
): Promise<Outcome> {
  const run: ContractRun = { module: module.href, emptying: emptying?.href, part };
  const worker = new Worker(fileURLToPath(new URL('contract-run.js', import.meta.url)), {
    workerData: run,
    env: { ...process.env, ...environment?.(lane) },
  });
  return new Promise<Outcome>((resolve, reject) => {
    let isLoaded = false;
    const timer = setTimeout(() => resolve({ kind: 'hung' }), patience);
    worker.on('message', (report: ContractReport) => {
      if (report === 'loaded') isLoaded = true;
      else if ('red' in report) resolve({ kind: 'killed', by: report.red, message: report.message });
      else if (report.green > 0) resolve({ kind: 'survived' });
      else reject(new Error('no test ran'));
    });
    worker.on('error', (error) => {
      if (isLoaded) resolve({ kind: 'killed', by: 'an uncaught error', message: error.message });
      else reject(error);
    });
    worker.on('exit', () => {
      clearTimeout(timer);
      resolve({ kind: 'hung' }); // Nothing is left to wait for.
    });
  }).finally(() => worker.terminate());
}
