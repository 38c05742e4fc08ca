import { goalRows } from './goals.js';
import type { Measure, Measurements } from './measurement.js';
import type { Work } from './options.js';
import { figure, megabytes, table } from './table.js';

/** Those whose figures the others' are divided by. */
const measures = ['fastify', 'fastify-max', 'bare', 'django'];

/** All medians, a table per work, and what became of the goals. */
export function compareReport(measurements: Measurements): string {
  const sections = measurements.works.map((work) => workTable(measurements, work));
  const goals = goalRows(measurements);
  if (goals.length > 0) sections.push(table(['goal', 'aim', 'ratio', ''], goals));
  return sections.join('\n\n');
}

function workTable(measurements: Measurements, work: Work): string {
  const peers = measures.filter((name) => measurements.servers.includes(name));
  const head = ['requests/s', 'p50 ms', 'p99 ms', 'CPU ms per 1,000', 'Redis CPU', 'RSS MB', 'errors'];
  const row = (server: string) => {
    const of = (measure: Measure) => measurements.median(server, work, measure);
    const own = [
      server,
      ...(['requestsPerSecond', 'p50Ms', 'p99Ms', 'cpuMs', 'redisCpuMs'] as const).map((measure) =>
        figure(of(measure)),
      ),
      megabytes(of('rss')),
      String(of('errors')),
    ];
    return own.concat(
      peers.map((peer) => figure(measurements.ratio(server, peer, work, 'requestsPerSecond'))),
    );
  };
  const servers = measurements.servers.filter((server) => measurements.did(server, work));
  return table([work, ...head, ...peers.map((peer) => `÷ ${peer}`)], servers.map(row));
}
