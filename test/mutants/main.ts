import type { Fault } from './fault.js';
import { inMemoryStorage } from './in-memory-faults.js';
import { postgresStorage } from './postgres-storage.js';
import { tryFault, type FaultyStorage, type Outcome } from './try-fault.js';

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

/** Tries the faults of a storage, and prints what found them. */
async function complaintsAbout(storage: FaultyStorage): Promise<string[]> {
  const titleOf = ({ part, name }: Fault) => [storage.name, ...(part ? [part] : []), name].join(': ');
  const waiting = storage.faults.filter((fault) => words.every((word) => titleOf(fault).includes(word)));
  const { length } = waiting;
  if (length === 0) return [];

  const startedAt = performance.now();
  const found: string[] = [];
  const surroundings = (await storage.start?.(lanes)) ?? {};
  try {
    const sound = await tryFault(storage, surroundings, undefined, 0);
    if (sound.kind !== 'survived') return [`${storage.name}: without a fault it is ${describe(sound)}`];
    const run = async (lane: number): Promise<void> => {
      for (let fault = waiting.shift(); fault; fault = waiting.shift()) {
        const outcome = await tryFault(storage, surroundings, fault, lane);
        const isAsExpected = (outcome.kind === 'killed') === (fault.unobservable === undefined);
        const mark = isAsExpected ? '✓' : '✗';
        console.log(`${mark} ${titleOf(fault)}\n    ${describe(outcome)} ${fault.unobservable ?? ''}`);
        if (!isAsExpected) found.push(`${titleOf(fault)}: ${describe(outcome)}`);
      }
    };
    await Promise.all(Array.from({ length: lanes }, (_, lane) => run(lane)));
  } finally {
    await surroundings.stop?.();
  }
  console.log(`${storage.name}: ${length} faults in ${Math.round((performance.now() - startedAt) / 1000)} s`);
  return found;
}

function describe(outcome: Outcome): string {
  if (outcome.kind !== 'killed') return outcome.kind;
  return `killed by '${outcome.by}': ${outcome.message.split('\n', 1)[0]}`;
}
