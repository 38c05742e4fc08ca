import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry, type Aggregator } from 'prom-client';
import type { AppEvent, SignInFailure } from '../../application/ports/events.js';
import { staffActs } from '../../domain/staff.js';
import { limitNames } from '../../domain/rate-limit.js';

/** What the program is that runs. */
export interface BuildInfo {
  readonly version: string;
  readonly storage: string;
  readonly workers: number;
  /** The names of the settings that differ from their defaults. */
  readonly settings: readonly string[];
}

/** The values of all metrics of a process, as they are sent to another process. */
export type MetricValues = Awaited<ReturnType<Registry['getMetricsAsJSON']>>;

/** What is read at each scrape. Nothing here throws. */
export interface Readings {
  readonly connections: () => number;
  /** How many errors the HTTP server has written itself, by status. */
  readonly rejections: () => ReadonlyMap<number, number>;
  readonly hashQueueLength: () => number;
  readonly logLinesLost: () => number;
  readonly health: () => Promise<Health>;
}

/** How well the process works, as /readyz sees it. */
export interface Health {
  readonly isReady: boolean;
  /** The parts that are degraded now. */
  readonly degraded: { readonly storage: boolean; readonly log: boolean };
  /** How many settings of the storage the operator should change. */
  readonly warnings: number;
}

/** A worker sends that it is one; which ones are silent the supervisor knows. */
export const workersGauge = {
  name: 'hexado_workers',
  help: 'Processes that serve requests, and whether they respond.',
};

// Counters of these start at 0, so that their first increase is seen as one.
const signInFailures = [
  'unknown_user',
  'wrong_password',
  'inactive',
  'throttled_sign_in',
  'throttled_sign_in_username',
  'throttled_sign_in_address',
  'overloaded',
] as const satisfies readonly SignInFailure[];

// Labels have few values, whatever clients send and Redis replies.
const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
const redisErrors = new Set([
  'timeout',
  'connection lost',
  'not connected',
  'ECONNREFUSED',
  'NOAUTH',
  'WRONGPASS',
  'NOPERM',
  'LOADING',
  'BUSY',
  'OOM',
  'MISCONF',
  'READONLY',
  'NOREPLICAS',
  'no replica',
  'too few replicas',
  'CLUSTERDOWN',
]);

const shortTimes = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];
const longTimes = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/**
 * The metrics of one process; docs/operations.md lists them. No label holds a name, an id, an address or a path. Where
 * processes are added up, `aggregator` says which gauges are not sums: there the worst process counts.
 */
export class Metrics {
  private readonly registry = new Registry();
  private readonly registers = [this.registry];

  private readonly requests = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time to respond to a request, by the pattern of its path.',
    labelNames: ['method', 'route', 'status'],
    buckets: longTimes,
    registers: this.registers,
  });
  private readonly hashWaits = new Histogram({
    name: 'hexado_hash_queue_wait_seconds',
    help: 'Time that a password waited to be hashed.',
    buckets: longTimes,
    registers: this.registers,
  });
  private readonly signIns = this.counter('hexado_sign_ins_total', 'Sign-ins, and attempts that failed.', [
    'outcome',
    'reason',
  ]);
  private readonly refreshes = this.counter('hexado_refreshes_total', 'Attempts to refresh.', ['outcome']);
  private readonly reuses = this.counter(
    'hexado_refresh_reuse_total',
    'Refresh tokens that came again after they had been rotated out.',
  );
  private readonly throttled = this.counter('hexado_throttled_total', 'Attempts over a rate limit.', [
    'limit',
  ]);
  private readonly registrations = this.counter('hexado_registrations_total', 'Users who registered.');
  private readonly sessionsEnded = this.counter('hexado_sessions_ended_total', 'Sessions that were ended.', [
    'by',
  ]);
  private readonly passwordChanges = this.counter('hexado_password_changes_total', 'Changed passwords.', [
    'by',
  ]);
  private readonly deletions = this.counter('hexado_accounts_deleted_total', 'Deleted accounts.', ['by']);

  private readonly staffActs = this.counter('hexado_staff_acts_total', 'What staff did to accounts.', [
    'act',
  ]);

  private readonly connections = this.gauge('hexado_connections', 'Open connections.');
  private readonly rejected = this.counter(
    'hexado_http_rejected_total',
    'Input that was no readable request, or not in time. It reached no route.',
    ['status'],
  );
  private readonly hashQueueLength = this.gauge(
    'hexado_hash_queue_length',
    'Passwords that wait to be hashed.',
  );
  private readonly linesLost = this.counter('hexado_log_lines_lost_total', 'Lines that the log has lost.');
  private readonly ready = this.gauge('hexado_ready', 'Whether /readyz is 200.', [], 'min');
  private readonly degraded = this.gauge('hexado_degraded', 'Whether a part is degraded.', ['part'], 'max');
  private readonly warnings = this.gauge(
    'hexado_storage_warnings',
    'Settings of the storage with which it may lose data.',
    [],
    'max',
  );
  private readings: Readings | undefined;

  constructor(build: BuildInfo) {
    collectDefaultMetrics({ register: this.registry });
    for (const lag of ['lag', 'lag_p50', 'lag_p90', 'lag_p99']) {
      // By default the average counts, which hides that one process is blocked.
      Object.assign(this.registry.getSingleMetric(`nodejs_eventloop_${lag}_seconds`) ?? {}, {
        aggregator: 'max',
      });
    }
    const { version, storage, workers, settings } = build;
    this.gauge(
      'hexado_build_info',
      'What runs.',
      ['version', 'node', 'storage', 'workers', 'settings'],
      'first',
    ).set({ version, node: process.version, storage, workers, settings: settings.join(',') }, 1);
    const workersBy = this.gauge(workersGauge.name, workersGauge.help, ['state']);
    workersBy.set({ state: 'responding' }, 1);
    workersBy.set({ state: 'silent' }, 0);
    for (const reason of signInFailures) this.signIns.inc({ outcome: 'failure', reason }, 0);
    this.signIns.inc({ outcome: 'success', reason: 'none' }, 0);
    for (const outcome of ['success', 'reused', 'throttled']) this.refreshes.inc({ outcome }, 0);
    for (const limit of limitNames) this.throttled.inc({ limit }, 0);
    for (const by of ['logout', 'all', 'limit', 'password', 'staff']) this.sessionsEnded.inc({ by }, 0);
    for (const by of ['user', 'link']) this.passwordChanges.inc({ by }, 0);
    for (const by of ['user', 'staff']) this.deletions.inc({ by }, 0);
    for (const act of staffActs) this.staffActs.inc({ act }, 0);
    for (const status of [400, 408, 431]) this.rejected.inc({ status }, 0);
  }

  /** Observes a response. `route` is undefined where no route was found. */
  readonly observeRequest = (
    method = '',
    route: string | undefined,
    status: number,
    seconds: number,
  ): void => {
    const known = methods.has(method) ? method : 'other';
    this.requests.observe({ method: known, route: route ?? 'unmatched', status }, seconds);
  };

  readonly observeHashWait = (seconds: number): void => this.hashWaits.observe(seconds);

  /** Counts an event. */
  readonly countEvent = (event: AppEvent): void => {
    switch (event.event) {
      case 'sign_in_failed': {
        // A sign-in over a limit is one event only.
        const limit = limitNames.find((each) => event.reason === `throttled_${each}`);
        if (limit) this.throttled.inc({ limit });
        return this.signIns.inc({ outcome: 'failure', reason: event.reason });
      }
      case 'session_opened':
        return this.signIns.inc({ outcome: 'success', reason: 'none' });
      case 'token_refreshed':
        return this.refreshes.inc({ outcome: 'success' });
      case 'refresh_token_reused':
        this.refreshes.inc({ outcome: 'reused' });
        return this.reuses.inc();
      case 'throttled':
        if (event.limit === 'refresh') this.refreshes.inc({ outcome: 'throttled' });
        return this.throttled.inc({ limit: event.limit });
      case 'user_registered':
        return this.registrations.inc();
      case 'session_ended':
        return this.sessionsEnded.inc({ by: event.by });
      case 'password_changed':
        return this.passwordChanges.inc({ by: event.by });
      case 'account_deleted':
        return this.deletions.inc({ by: event.by });
      case 'staff_act':
        return this.staffActs.inc({ act: event.act });
      case 'keys_reread':
      case 'operator_act':
        return undefined;
    }
  };

  /** Adds the metrics of Redis, and returns what observes it. */
  observeRedis(): {
    readonly up: (isUp: boolean) => void;
    readonly replied: (kind: 'read' | 'write', seconds: number) => void;
    readonly failed: (reason: string) => void;
  } {
    const up = this.gauge('hexado_redis_up', 'Whether commands can be sent to Redis.', [], 'min');
    const durations = new Histogram({
      name: 'hexado_redis_command_duration_seconds',
      help: 'Time from a command to its reply.',
      labelNames: ['kind'],
      buckets: shortTimes,
      registers: this.registers,
    });
    const errors = this.counter('hexado_redis_errors_total', 'Commands that failed.', ['kind']);
    for (const kind of [...redisErrors, 'other']) errors.inc({ kind }, 0);
    return {
      up: (isUp) => up.set(Number(isUp)),
      replied: (kind, seconds) => durations.observe({ kind }, seconds),
      failed: (reason) => errors.inc({ kind: redisErrors.has(reason) ? reason : 'other' }),
    };
  }

  /** Adds the metrics of a storage module, and returns what observes its calls. */
  observeModule(): (method: string, outcome: 'done' | 'failed', seconds: number) => void {
    const durations = new Histogram({
      name: 'hexado_storage_call_duration_seconds',
      help: 'Time that a call of the storage module took.',
      labelNames: ['method', 'outcome'],
      buckets: shortTimes,
      registers: this.registers,
    });
    return (method, outcome, seconds) => durations.observe({ method, outcome }, seconds);
  }

  /** Sets what is read at each scrape. */
  use(readings: Readings): void {
    this.readings = readings;
  }

  /** All metrics in the text format of Prometheus. */
  async text(): Promise<string> {
    await this.takeReadings();
    return this.registry.metrics();
  }

  /** All metrics as values. */
  async values(): Promise<MetricValues> {
    await this.takeReadings();
    return this.registry.getMetricsAsJSON();
  }

  private async takeReadings(): Promise<void> {
    if (!this.readings) return;
    const { connections, rejections, hashQueueLength, logLinesLost, health } = this.readings;
    const { isReady, degraded, warnings } = await health();
    this.ready.set(Number(isReady));
    for (const [part, isDegraded] of Object.entries(degraded))
      this.degraded.set({ part }, Number(isDegraded));
    this.warnings.set(warnings);
    this.connections.set(connections());
    this.hashQueueLength.set(hashQueueLength());
    this.linesLost.reset();
    this.linesLost.inc(logLinesLost());
    for (const [status, count] of rejections()) {
      this.rejected.remove({ status });
      this.rejected.inc({ status }, count);
    }
  }

  private counter<Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[] = [],
  ): Counter<Label> {
    return new Counter({ name, help, labelNames, registers: this.registers });
  }

  private gauge<Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[] = [],
    aggregator: Aggregator = 'sum',
  ): Gauge<Label> {
    return new Gauge({ name, help, labelNames, aggregator, registers: this.registers });
  }
}
