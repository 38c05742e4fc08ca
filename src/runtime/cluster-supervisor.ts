import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import type { Log } from '../application/ports/environment.js';
import { handleSignal } from './held-signals.js';
import { ShutdownDelay } from './shutdown-delay.js';
import { onStopRequest } from './shutdown-signals.js';

/** The message by which workers skip the rest of the shutdown delay. */
export const skipDelay = 'skip the shutdown delay';

/** Exit codes that a restart would not change: usage, address, settings. */
const noRestartExitCodes = new Set<number | null>([64, 69, 78]);

/** Milliseconds before an exited worker is replaced: exponential backoff from 100 to 5000, over exits in a row. */
const backoff = (exits: number) => Math.min(100 * 2 ** exits, 5_000);

/**
 * Keeps a number of workers running behind one port, each a process. A worker that exits is replaced.
 * - SIGTERM and SIGINT are a graceful shutdown of all workers. A second signal skips the delay while it passes; otherwise
 *   it ends them at once, because workers end with their supervisor.
 * - SIGUSR2 reads the settings again and replaces the workers one by one (a rolling restart), each only when its successor
 *   accepts requests.
 * - SIGHUP is forwarded to all workers, if they have a key file to reload.
 */
export class ClusterSupervisor {
  /** Workers that have accepted requests. */
  private readonly serving = new WeakSet<Worker>();
  /** Workers that have been asked to stop. */
  private readonly retired = new WeakSet<Worker>();
  private stopping = false;
  private restarting = false;
  /** The worker that will replace another one, until it accepts requests. */
  private successor: Worker | undefined;
  private exitsInARow = 0;
  private readonly delay: ShutdownDelay;

  constructor(
    private readonly count: number,
    shutdownDelay: number,
    private readonly log: Log,
    private readonly signingKeysFile: string | undefined,
    /** Reads the settings of new workers again. Undefined if they are wrong, which is logged. */
    private readonly reread: () => { readonly shutdownDelay: number } | undefined,
  ) {
    this.delay = new ShutdownDelay(shutdownDelay);
  }

  start(): void {
    // As bin/hexado does, however this process was started. A flag of its own comes later, and the last one counts.
    cluster.setupPrimary({ execArgv: ['--max-semi-space-size=32', ...process.execArgv] });
    this.fill();
    onStopRequest(() => this.stop(0), this.delay, this.log, this.signingKeysFile);
    handleSignal('SIGUSR2', () => void this.restart());
    if (this.signingKeysFile !== undefined) {
      handleSignal('SIGHUP', () => workers().forEach((worker) => worker.process.kill('SIGHUP')));
    }
  }

  /** Starts the missing workers. Retired workers and the successor do not count. */
  private fill(): void {
    const isCounted = (worker: Worker) => !this.retired.has(worker) && worker !== this.successor;
    while (!this.stopping && workers().filter(isCounted).length < this.count) this.fork();
  }

  private fork(): Worker {
    const worker = cluster.fork();
    worker.once('listening', () => {
      this.exitsInARow = 0;
      this.serving.add(worker);
    });
    worker.once('exit', (code: number | null, signal: string | null) => {
      if (!this.retired.has(worker) && worker !== this.successor) void this.replace(worker, code, signal);
    });
    return worker;
  }

  private async replace(worker: Worker, code: number | null, signal: string | null): Promise<void> {
    const isLast = !workers().some((each) => this.serving.has(each));
    if (noRestartExitCodes.has(code) && isLast) return this.stop(code ?? 1);
    this.log.error({ worker: worker.process.pid, code, signal }, 'Worker exited; starting a replacement');
    await setTimeout(backoff(this.exitsInARow++));
    this.fill();
  }

  private async stop(code: number): Promise<void> {
    if (this.stopping) return;
    this.stopping = true;
    const stopped = Promise.all(workers().map((worker) => this.retire(worker, 'SIGTERM')));
    await this.delay.pass();
    for (const worker of workers()) worker.send(skipDelay, () => undefined); // It may just have exited.
    await stopped;
    process.exit(code);
  }

  private async restart(): Promise<void> {
    if (this.restarting)
      return this.log.warn({}, 'SIGUSR2 is ignored: the workers are already being replaced');
    const settings = this.reread();
    if (!settings) return;
    this.delay.seconds = settings.shutdownDelay;
    this.restarting = true;
    this.log.info({}, 'Replacing the workers one by one');
    const allReplaced = await this.replaceEach(workers());
    this.restarting = false;
    if (allReplaced) this.log.info({}, 'All workers replaced');
  }

  /** Returns whether all have been replaced. */
  private async replaceEach(old: readonly Worker[]): Promise<boolean> {
    for (const worker of old) {
      if (this.stopping) return false;
      if (worker.isDead()) continue;
      const exit = await this.startSuccessor();
      if (exit && !this.stopping) {
        this.log.error(
          exit,
          'Replacing the workers failed: a new worker exited before it accepted requests; the others keep running',
        );
      }
      if (exit) return false;
      await this.retire(worker, 'SIGUSR2');
    }
    return true;
  }

  /** Starts one more worker. Resolves with undefined once it accepts requests, or with its exit if it ends before. */
  private async startSuccessor(): Promise<object | undefined> {
    const successor = this.fork();
    this.successor = successor;
    const exit = await new Promise<object | undefined>((resolve) => {
      successor.once('listening', () => resolve(undefined));
      successor.once('exit', (code: number | null, signal: string | null) => resolve({ code, signal }));
    });
    this.successor = undefined;
    return exit;
  }

  /** Shuts a worker down gracefully, with one signal only: a second one would end it at once. */
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
