import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import type { Log } from './application/ports.js';
import { onStopSignal } from './stop-signals.js';

/** Exit codes of a process that would end the same way if it were started again: usage, address, settings. */
const hopeless = new Set<number | null>([64, 69, 78]);

/** Milliseconds before a worker that has died is replaced: from 100 to 5000, doubling with each death in a row. */
const backoff = (deaths: number) => Math.min(100 * 2 ** deaths, 5_000);

/**
 * Keeps a number of servers running behind one port, each in a process of its own. One that dies is replaced.
 * SIGTERM and SIGINT stop all of them, each once it has finished what it has begun; a second signal ends them at once, for
 * workers end with their supervisor.
 * SIGUSR2 replaces them one by one, each only when its successor accepts requests. Signals that mean all workers are
 * passed on.
 */
export class Supervisor {
  /** Those that accept requests, or did. */
  private readonly serving = new WeakSet<Worker>();
  /** Those that were told to stop. */
  private readonly retired = new WeakSet<Worker>();
  private stopping = false;
  private restarting = false;
  private deathsInARow = 0;

  constructor(
    private readonly count: number,
    private readonly log: Log,
    private readonly passedOn: readonly NodeJS.Signals[] = [],
  ) {}

  start(): void {
    for (let i = 0; i < this.count; i++) this.fork();
    onStopSignal(['SIGTERM', 'SIGINT'], () => this.stop(0));
    process.on('SIGUSR2', () => this.restart());
    for (const signal of this.passedOn) {
      process.on(signal, () => workers().forEach((worker) => worker.process.kill(signal)));
    }
  }

  private fork(): Worker {
    const worker = cluster.fork();
    worker.once('listening', () => {
      this.deathsInARow = 0;
      this.serving.add(worker);
    });
    worker.once('exit', (code: number | null, signal: string | null) => {
      if (!this.retired.has(worker)) void this.replace(worker, code, signal);
    });
    return worker;
  }

  private async replace(worker: Worker, code: number | null, signal: string | null): Promise<void> {
    const isAlone = !workers().some((each) => this.serving.has(each));
    if (hopeless.has(code) && isAlone) return this.stop(code ?? 1);
    this.log.error(
      { worker: worker.process.pid, code, signal },
      'A worker has died; another takes its place.',
    );
    await setTimeout(backoff(this.deathsInARow++));
    if (!this.stopping && workers().length < this.count) this.fork();
  }

  private async stop(code: number): Promise<void> {
    if (this.stopping) return;
    this.stopping = true;
    await Promise.all(workers().map((worker) => this.retire(worker, 'SIGTERM')));
    process.exit(code);
  }

  private async restart(): Promise<void> {
    if (this.restarting || this.stopping) return;
    this.restarting = true;
    this.log.info({}, 'The workers are being replaced, one by one.');
    for (const worker of workers()) {
      if (this.stopping) return;
      const successor = this.fork();
      const started = await Promise.race([
        once(successor, 'listening').then(() => true),
        once(successor, 'exit').then(() => false),
      ]);
      if (!started) break;
      await this.retire(worker, 'SIGUSR2');
    }
    this.restarting = false;
    this.log.info({}, 'The workers have been replaced.');
  }

  /** Lets a worker finish what it has begun, and end. A second signal would not let it finish. */
  private async retire(worker: Worker, signal: 'SIGTERM' | 'SIGUSR2'): Promise<void> {
    if (worker.isDead()) return;
    const exit = once(worker, 'exit');
    if (!this.retired.has(worker)) worker.process.kill(signal);
    this.retired.add(worker);
    await exit;
  }
}

function workers(): Worker[] {
  return Object.values(cluster.workers ?? {}).filter(
    (worker): worker is Worker => worker?.isDead() === false,
  );
}
