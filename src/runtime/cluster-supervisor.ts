import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import type { Log } from '../application/ports/environment.js';
import { handleSignal } from './held-signals.js';
import { stopWhenTold } from './shutdown-signals.js';

/** Exit codes of a process that would end the same way if it were started again: usage, address, settings. */
const noRestartExitCodes = new Set<number | null>([64, 69, 78]);

/** Milliseconds before a worker that has died is replaced: from 100 to 5000, doubling with each death in a row. */
const backoff = (deaths: number) => Math.min(100 * 2 ** deaths, 5_000);

/**
 * Keeps a number of servers running behind one port, each in a process of its own. One that dies is replaced.
 * SIGTERM and SIGINT stop all of them, each once it has finished what it has begun; a second signal ends them at once, for
 * workers end with their supervisor.
 * SIGUSR2 replaces them one by one, each only when its successor accepts requests. SIGHUP is passed on to them if they
 * have a file of keys to read again.
 */
export class ClusterSupervisor {
  /** Those that accept requests, or did. */
  private readonly serving = new WeakSet<Worker>();
  /** Those that were told to stop. */
  private readonly retired = new WeakSet<Worker>();
  private stopping = false;
  private restarting = false;
  /** The one that is started to take another's place, until it accepts requests. */
  private successor: Worker | undefined;
  private deathsInARow = 0;

  constructor(
    private readonly count: number,
    private readonly log: Log,
    private readonly signingKeysFile: string | undefined,
  ) {}

  start(): void {
    this.fill();
    stopWhenTold(() => this.stop(0), this.log, this.signingKeysFile);
    handleSignal('SIGUSR2', () => void this.restart());
    if (this.signingKeysFile !== undefined) {
      handleSignal('SIGHUP', () => workers().forEach((worker) => worker.process.kill('SIGHUP')));
    }
  }

  /** Starts as many workers as are missing. Those that are about to leave, or to take another's place, do not count. */
  private fill(): void {
    const isCounted = (worker: Worker) => !this.retired.has(worker) && worker !== this.successor;
    while (!this.stopping && workers().filter(isCounted).length < this.count) this.fork();
  }

  private fork(): Worker {
    const worker = cluster.fork();
    worker.once('listening', () => {
      this.deathsInARow = 0;
      this.serving.add(worker);
    });
    worker.once('exit', (code: number | null, signal: string | null) => {
      if (!this.retired.has(worker) && worker !== this.successor) void this.replace(worker, code, signal);
    });
    return worker;
  }

  private async replace(worker: Worker, code: number | null, signal: string | null): Promise<void> {
    const isAlone = !workers().some((each) => this.serving.has(each));
    if (noRestartExitCodes.has(code) && isAlone) return this.stop(code ?? 1);
    this.log.error({ worker: worker.process.pid, code, signal }, 'Worker exited; starting a replacement');
    await setTimeout(backoff(this.deathsInARow++));
    this.fill();
  }

  private async stop(code: number): Promise<void> {
    if (this.stopping) return;
    this.stopping = true;
    await Promise.all(workers().map((worker) => this.retire(worker, 'SIGTERM')));
    process.exit(code);
  }

  private async restart(): Promise<void> {
    if (this.restarting)
      return this.log.warn({}, 'SIGUSR2 is ignored: the workers are already being replaced');
    this.restarting = true;
    this.log.info({}, 'Replacing the workers one by one');
    const areReplaced = await this.replaceEach(workers());
    this.restarting = false;
    if (areReplaced) this.log.info({}, 'All workers replaced');
  }

  /** Answers whether all have been replaced. */
  private async replaceEach(old: readonly Worker[]): Promise<boolean> {
    for (const worker of old) {
      if (this.stopping) return false;
      if (worker.isDead()) continue;
      const ending = await this.startSuccessor();
      if (ending && !this.stopping) {
        this.log.error(
          ending,
          'Replacing the workers failed: a new worker exited before it accepted requests; the others keep running',
        );
      }
      if (ending) return false;
      await this.retire(worker, 'SIGUSR2');
    }
    return true;
  }

  /** Resolves once there is one worker more that accepts requests, or with how it has ended. */
  private async startSuccessor(): Promise<object | undefined> {
    const successor = this.fork();
    this.successor = successor;
    const ending = await new Promise<object | undefined>((resolve) => {
      successor.once('listening', () => resolve(undefined));
      successor.once('exit', (code: number | null, signal: string | null) => resolve({ code, signal }));
    });
    this.successor = undefined;
    return ending;
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
