import cluster, { type Worker } from 'node:cluster';
import { setTimeout } from 'node:timers/promises';
import { AggregatorRegistry } from 'prom-client';
import { workersGauge, type Metrics, type MetricValues } from './metrics.js';

/** Milliseconds in which a worker must send its metrics; its check of the storage takes one second at most. */
const deadline = 2_000;

const request = 'hexado: send metrics';

interface Answer {
  readonly metrics: MetricValues;
}

/** In a worker: sends the metrics whenever the supervisor asks. */
export function answerSupervisor(metrics: Metrics): void {
  process.on('message', (message) => {
    if (message === request) void sendToSupervisor(metrics);
  });
}

/** In a worker: sends the metrics to the supervisor, which keeps the last ones when the worker has ended. */
export async function sendToSupervisor(metrics: Metrics): Promise<void> {
  const answer: Answer = { metrics: await metrics.values() };
  // Without a supervisor this process ends, too.
  await new Promise((resolve) => process.send?.(answer, resolve));
}

/**
 * In the supervisor: adds up the metrics of all workers that accept requests. The counts of a worker that has ended stay
 * in the sums, so that no counter falls; of one that was killed, those of the last scrape. A worker that does not respond
 * in time counts as `silent`, and its last counts stay in the sums.
 */
export class WorkerMetrics {
  private readonly latest = new Map<Worker, MetricValues>();
  /** Workers that were asked and have not responded yet. */
  private readonly asked = new Map<Worker, () => void>();
  private readonly ofEnded: MetricValues[] = [];

  constructor() {
    cluster.on('listening', (worker) => this.latest.set(worker, []));
    cluster.on('message', (worker, message: Partial<Answer> | undefined) => {
      if (!message?.metrics) return;
      this.latest.set(worker, message.metrics);
      this.responded(worker);
    });
    // Unlike 'exit', this comes after the last message.
    cluster.on('disconnect', (worker) => {
      this.ofEnded.push(countsIn(this.latest.get(worker) ?? []));
      this.latest.delete(worker);
      this.responded(worker);
    });
  }

  /** All metrics in the text format of Prometheus. Takes no longer than the deadline. One call at a time. */
  async text(): Promise<string> {
    const answers = [...this.latest.keys()].map((worker) => this.ask(worker));
    await Promise.race([Promise.all(answers), setTimeout(deadline, undefined, { ref: false })]);
    const silent = new Set(this.asked.keys());
    this.asked.clear();
    this.ofEnded.push(await sumOf(this.ofEnded.splice(0)));
    const ofWorkers = [...this.latest].map(([worker, values]) =>
      silent.has(worker) ? countsIn(values) : values,
    );
    const all = [...ofWorkers, ...this.ofEnded, [silentWorkers(silent.size)]];
    return AggregatorRegistry.aggregate(all).metrics();
  }

  private ask(worker: Worker): Promise<void> {
    return new Promise((resolve) => {
      this.asked.set(worker, resolve);
      worker.send(request, () => undefined); // Fails if the worker has just ended.
    });
  }

  private responded(worker: Worker): void {
    this.asked.get(worker)?.();
    this.asked.delete(worker);
  }
}

/** Counters and histograms: what was true once and stays true. */
function countsIn(values: MetricValues): MetricValues {
  return values.filter(({ type }) => String(type) !== 'gauge');
}

function sumOf(values: readonly MetricValues[]): Promise<MetricValues> {
  return AggregatorRegistry.aggregate([...values]).getMetricsAsJSON();
}

/** Those that respond have sent that they do; 0 says that there is none. */
function silentWorkers(count: number): object {
  const values = [
    { labels: { state: 'responding' }, value: 0 },
    { labels: { state: 'silent' }, value: count },
  ];
  return { ...workersGauge, type: 'gauge', aggregator: 'sum', values };
}
