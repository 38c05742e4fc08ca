import { goalRows } from './goals.js';
import type { Measurements, Medians } from './measurement.js';
import { works } from './options.js';
import { figure, megabytes, table } from './table.js';

/** Those whose figures the others' are divided by. */
const measures = ['fastify', 'fastify-max', 'bare', 'django'];

/** All medians, a table per work, and what became of the goals. */
export function compareReport(measurements: Measurements): string {
  const sections = works
    .map((work) => measurements.medians.filter((each) => each.work === work))
    .filter((rows) => rows.length > 0)
    .map((rows) => workTable(measurements, rows));
  const goals = goalRows(measurements);
  if (goals.length > 0) sections.push(table(['goal', 'aim', 'ratio', ''], goals));
  return sections.join('\n\n');
}

function workTable(measurements: Measurements, rows: readonly Medians[]): string {
  const peers = measures.filter((name) => rows.some(({ server }) => server === name));
  const head = ['requests/s', 'p50 ms', 'p99 ms', 'CPU ms per 1,000', 'Redis CPU', 'RSS MB', 'errors'];
  const cells = rows.map(({ server, work, ...cost }) => [
    server,
    figure(cost.requestsPerSecond),
    figure(cost.p50Ms),
    figure(cost.p99Ms),
    figure(cost.cpuMs),
    figure(cost.redisCpuMs),
    megabytes(cost.rss),
    String(cost.errors),
    ...peers.map((peer) => figure(measurements.ratio(server, peer, work, 'requestsPerSecond'))),
  ]);
  return table([rows[0]?.work ?? '', ...head, ...peers.map((peer) => `÷ ${peer}`)], cells);
}
