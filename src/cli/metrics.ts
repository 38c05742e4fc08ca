import cluster from 'node:cluster';
import type { BcryptPasswordHasher } from '../adapters/crypto/bcrypt-password-hasher.js';
import type { HealthController } from '../adapters/http/controllers/health-controller.js';
import type { HttpServer } from '../adapters/http/http-server.js';
import type { Metrics } from '../adapters/metrics/metrics.js';
import type { Log } from '../application/ports/environment.js';
import type { Config } from '../config/config.js';
import type { LogOutput } from '../runtime/log-output.js';
import { version } from '../runtime/version.js';
import { ListenError } from './listen-error.js';

// Without METRICS_PORT nothing of the metrics is loaded, hence the dynamic imports.

const notAsked = { canServe: false, reasons: [], warnings: [] };

/** The parts that are read at each scrape. */
interface MeasuredParts {
  readonly server: HttpServer;
  readonly hasher: BcryptPasswordHasher;
  readonly health: HealthController;
  readonly output: LogOutput;
}

/** The metrics of this process; undefined without METRICS_PORT. */
export async function createMetrics(config: Config): Promise<Metrics | undefined> {
  if (!config.metrics) return undefined;
  const { storage, workers, changedSettings } = config;
  const module = await import('../adapters/metrics/metrics.js');
  return new module.Metrics({ version, storage: storage.kind, workers, settings: changedSettings });
}

/** Serves the metrics of this process or, in a worker, sends them to the supervisor. Throws ListenError. */
export async function publishMetrics(
  metrics: Metrics,
  { server, hasher, health, output }: MeasuredParts,
  config: Config,
  log: Log,
): Promise<void> {
  metrics.use({
    connections: () => server.connectionCount,
    rejections: () => server.rejections,
    hashQueueLength: () => hasher.waiting,
    logLinesLost: () => output.linesLost,
    async health() {
      // While the process stops, nothing waits for the storage.
      const { canServe, reasons, warnings } = health.isDraining ? notAsked : await health.checkStorage();
      return {
        isReady: canServe,
        degraded: { storage: reasons.length > 0, log: output.complaint() !== undefined },
        warnings: warnings.length,
      };
    },
  });
  if (cluster.isPrimary) return serve(config, () => metrics.text(), log);
  const { answerSupervisor } = await import('../adapters/metrics/worker-metrics.js');
  answerSupervisor(metrics);
}

/** In a worker that ends: gives its last counts to the supervisor. */
export async function handOverMetrics(metrics: Metrics | undefined): Promise<void> {
  if (!metrics || cluster.isPrimary) return;
  const { sendToSupervisor } = await import('../adapters/metrics/worker-metrics.js');
  await sendToSupervisor(metrics);
}

/** In the supervisor: serves the metrics of all workers, which are not started yet. Throws ListenError. */
export async function superviseMetrics(config: Config, log: Log): Promise<void> {
  if (!config.metrics) return;
  const { WorkerMetrics } = await import('../adapters/metrics/worker-metrics.js');
  const metrics = new WorkerMetrics();
  await serve(config, () => metrics.text(), log);
}

async function serve({ metrics: address }: Config, read: () => Promise<string>, log: Log): Promise<void> {
  if (!address) return;
  const { serveMetrics } = await import('../adapters/metrics/metrics-server.js');
  const { host } = address;
  const port = await serveMetrics(address, read).catch(({ code = 'unknown' }: NodeJS.ErrnoException) => {
    throw new ListenError(
      `METRICS_HOST=${host}, METRICS_PORT=${address.port}: the metrics cannot be served there (${code}).`,
    );
  });
  log.info({ host, port }, 'serving metrics');
}
