import type { Fault, Part } from './fault.js';
import { inMemoryStorage } from './in-memory-faults.js';
import { postgresStorage } from './postgres-storage.js';
import { tryFault, type FaultyStorage, type Outcome, type Trial } from './try-fault.js';

const storages: readonly FaultyStorage[] = [inMemoryStorage, postgresStorage];

/** How many contracts run at once. */
const lanes = 2;

// Words on the command line choose the faults in whose titles all of them are.
const words = process.argv.slice(2);
const complaints: string[] = [];
for (const storage of storages) complaints.push(...(await complaintsAbout(storage)));
if (complaints.length > 0) {
  console.error(`\n${complaints.length} complaints:\n${complaints.join('\n')}`);
  process.exitCode = 1;
}

/** Tries the storage without a fault, then with each, and prints what found them. */
async function complaintsAbout(storage: FaultyStorage): Promise<string[]> {
  const titleOf = ({ part, name }: Pick<Fault, 'name'> & { readonly part?: Part | undefined }) =>
    [storage.name, ...(part ? [part] : []), name].join(': ');
  const faults = storage.faults.filter((fault) => words.every((word) => titleOf(fault).includes(word)));
  if (faults.length === 0) return [];
  const parts = new Set(faults.map(({ part }) => part));
  const waiting: Trial[] = [
    ...[...parts].map((part) => ({ part })),
    ...faults.map((fault) => ({ part: fault.part, fault })),
  ];

  const startedAt = performance.now();
  const found: string[] = [];
  const surroundings = (await storage.start?.(lanes)) ?? {};
  try {
    const run = async (lane: number): Promise<void> => {
      for (let trial = waiting.shift(); trial; trial = waiting.shift()) {
        const { part, fault } = trial;
        let outcome = await tryFault(storage, surroundings, trial, lane);
        // On a busy machine, a call may need more than its second.
        if (isLate(outcome) || (!fault && outcome.kind === 'killed'))
          outcome = await tryFault(storage, surroundings, trial, lane);
        const title = titleOf(fault ?? { part, name: 'no fault' });
        const mustSurvive = fault ? fault.unobservable : 'nothing is wrong';
        const isAsExpected = outcome.kind === (mustSurvive === undefined ? 'killed' : 'survived');
        console.log(`${isAsExpected ? '✓' : '✗'} ${title}\n    ${describe(outcome)} ${mustSurvive ?? ''}`);
        if (!isAsExpected) found.push(`${title}: ${describe(outcome)}`);
      }
    };
    await Promise.all(Array.from({ length: lanes }, (_, lane) => run(lane)));
  } finally {
    await surroundings.stop?.();
  }
  console.log(
    `${storage.name}: ${faults.length} faults in ${Math.round((performance.now() - startedAt) / 1000)} s`,
  );
  return found;
}

/** Whether a call took too long. */
function isLate(outcome: Outcome): boolean {
  return outcome.kind === 'killed' && /timeout|has not settled within/.test(outcome.message);
}

function describe(outcome: Outcome): string {
  if (outcome.kind !== 'killed') return outcome.kind;
  return `killed by '${outcome.by}': ${outcome.message.split('\n', 1)[0]}`;
}
