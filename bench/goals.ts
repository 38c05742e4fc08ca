import type { Measurements } from './measurement.js';
import { works, type Work } from './options.js';

/** What one server should reach against another. */
interface Goal {
  readonly server: string;
  readonly other: string;
  readonly works: readonly Work[];
  readonly measure: 'requestsPerSecond' | 'cpuMs';
  readonly atLeast?: number;
  readonly atMost?: number;
}

const goals: readonly Goal[] = [
  { server: 'hexado', other: 'fastify', works: ['mix'], measure: 'requestsPerSecond', atLeast: 3.5 },
  { server: 'hexado', other: 'fastify-max', works: ['mix'], measure: 'requestsPerSecond', atLeast: 1.05 },
  { server: 'hexado', other: 'bare', works: ['mix'], measure: 'requestsPerSecond', atLeast: 1.2 },
  { server: 'hexado', other: 'django', works: ['mix'], measure: 'requestsPerSecond', atLeast: 30 },
  { server: 'hexado', other: 'fastify', works: ['mix'], measure: 'cpuMs', atMost: 0.22 },
  { server: 'hexado', other: 'bare', works: ['mix'], measure: 'cpuMs', atMost: 0.7 },
  { server: 'hexado-log', other: 'fastify', works: ['mix'], measure: 'requestsPerSecond', atLeast: 2.5 },
  { server: 'hexado', other: 'fastify', works: ['list'], measure: 'requestsPerSecond', atLeast: 5 },
  {
    server: 'hexado',
    other: 'fastify',
    works: ['get', 'create', 'update'],
    measure: 'requestsPerSecond',
    atLeast: 2.3,
  },
  {
    server: 'hexado-workers',
    other: 'hexado',
    works: ['mix'],
    measure: 'requestsPerSecond',
    atLeast: 1,
  },
  { server: 'hexado-memory', other: 'map', works: ['get'], measure: 'cpuMs', atMost: 1.5 },
];

/**
 * For each pair of servers that a goal compares, and each work: the requests per second of the first divided by those of
 * the second, and the same for CPU. The ratio is taken within each round; these are the medians of the rounds.
 */
export function ratios(measurements: Measurements): object[] {
  const pairs = new Map(goals.map(({ server, other }) => [`${server} ${other}`, { server, other }]));
  return [...pairs.values()].flatMap(({ server, other }) =>
    works
      .map((work) => ({
        server,
        other,
        work,
        requests: measurements.ratio(server, other, work, 'requestsPerSecond'),
        cpu: measurements.ratio(server, other, work, 'cpuMs'),
      }))
      .filter(({ requests }) => !Number.isNaN(requests)),
  );
}

/** A line per goal that these measurements say something about. */
export function goalRows(measurements: Measurements): string[][] {
  return goals.flatMap(
    ({ server, other, measure, atLeast = 0, atMost = Number.POSITIVE_INFINITY, ...goal }) =>
      goal.works
        .map((work) => ({ work, ratio: measurements.ratio(server, other, work, measure) }))
        .filter(({ ratio }) => !Number.isNaN(ratio))
        .map(({ work, ratio }) => [
          `${work}: ${measure === 'cpuMs' ? 'CPU' : 'requests'} of ${server}`,
          atLeast > 0 ? `≥ ${atLeast} × ${other}` : `≤ ${atMost} × ${other}`,
          ratio.toFixed(2),
          ratio >= atLeast && ratio <= atMost ? 'reached' : 'missed',
        ]),
  );
}
