import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { Growth } from '../grow/grow.js';
import { Measurements, type Measurement } from '../measurement.js';
import { inProject } from '../project.js';

/** What the benchmark measured that capacity depends on. */
export interface Figures {
  /** The files that they are from. */
  readonly sources: readonly string[];
  /** CPU of a server, access log on, per request of the mix. */
  readonly cpuMsPerRequest: number;
  /** CPU of Redis per request of the mix. */
  readonly redisCpuMsPerRequest: number;
  readonly cpuMsPerSignIn: number;
  readonly bytesPerProcess: number;
  readonly bytesPerConnection: number;
  /** In Redis with the recommended redis.conf, without the tasks' texts. */
  readonly bytesPerAccount: number;
  readonly bytesPerSession: number;
  readonly bytesPerTaskBeyondText: number;
}

/** Reads the figures that are committed or, where there are none, those of the last run. */
export function readFigures(): Figures {
  const compare = newest<{ measurements: Measurement[] }>('compare.json', () => true);
  const measurements = new Measurements(compare.result.measurements);
  const users = newest<Growth>('grow.json', (growth) => growth.users !== undefined);
  const connections = newest<Growth>('grow.json', (growth) => growth.connections !== undefined);
  const storm = newest<Growth>('grow.json', (growth) => growth.storm !== undefined);

  const memory = users.result.users?.findLast(({ redisConf }) => redisConf === 'recommended');
  const [few, ...more] = connections.result.connections ?? [];
  const many = more.at(-1);
  if (!memory || !few || !many || !storm.result.storm) throw new Error('The figures are not complete.');
  return {
    sources: [...new Set([compare.path, users.path, connections.path, storm.path])],
    cpuMsPerRequest: measurements.median('hexado-log', 'mix', 'cpuMs') / 1_000,
    redisCpuMsPerRequest: measurements.median('hexado-log', 'mix', 'redisCpuMs') / 1_000,
    cpuMsPerSignIn: storm.result.storm.signInsAlone.cpuMs,
    bytesPerProcess: measurements.median('hexado-log', 'mix', 'rss'),
    bytesPerConnection: Math.max(0, many.rss - few.rss) / (many.connections - few.connections),
    bytesPerAccount: memory.bytesPerAccount,
    bytesPerSession: memory.bytesPerSession,
    bytesPerTaskBeyondText: memory.bytesPerTaskBeyondText,
  };
}

function newest<T>(name: string, hasIt: (result: T) => boolean): { path: string; result: T } {
  const folder = inProject('bench/results');
  const files = existsSync(folder) ? readdirSync(folder) : [];
  const dated = files.filter((file) => file.endsWith(`-${name}`));
  for (const file of [name, ...dated.toSorted().toReversed()]) {
    const path = `bench/results/${file}`;
    const result = read<T>(path);
    if (result && hasIt(result)) return { path, result };
  }
  throw new Error(
    `bench/results has no ${name} with all figures: run npm run bench and npm run bench -- grow.`,
  );
}

function read<T>(path: string): T | undefined {
  try {
    return JSON.parse(readFileSync(inProject(path), 'utf8')) as T;
  } catch {
    return undefined;
  }
}
