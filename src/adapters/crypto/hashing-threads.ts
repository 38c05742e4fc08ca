import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { PortError } from '../../application/ports/port-error.js';

/** Hashes a password, or compares one with a hash. */
export type HashingJob =
  { readonly password: string; readonly cost: number } | { readonly password: string; readonly hash: string };

/** How many threads are started in advance at most. Each takes 8 MB. */
const maxStartedAhead = 4;

/** Error codes for a lack of file descriptors, memory or threads. */
const shortage = /^(?:EMFILE|ENFILE|EAGAIN|ENOMEM|ERR_WORKER_\w+)$/;

/**
 * Runs bcrypt in worker threads of lower priority than requests. (The threads of libuv, where bcrypt runs otherwise,
 * have the same priority.) There are as many threads as concurrent calls. If no thread can be started, the call rejects
 * with the code 'overloaded'.
 */
export class HashingThreads {
  private readonly idle: HashingThread[] = [];

  /** Starts some threads before the first calls, because later there may be no file descriptors left for them. */
  async start(): Promise<void> {
    const count = Math.min(maxStartedAhead, Math.max(1, availableParallelism() - 1));
    await Promise.all(Array.from({ length: count }, () => this.hash('', 4)));
  }

  /** Ends the idle threads. A later call starts a new one. */
  async stop(): Promise<void> {
    await Promise.all(this.idle.splice(0).map((thread) => thread.stop()));
  }

  async hash(password: string, cost: number): Promise<string> {
    return this.run<string>({ password, cost });
  }

  async compare(password: string, hash: string): Promise<boolean> {
    return this.run<boolean>({ password, hash });
  }

  private async run<T>(job: HashingJob): Promise<T> {
    const thread = this.idle.pop() ?? new HashingThread();
    try {
      return (await thread.run(job)) as T;
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      throw shortage.test(code) ? new PortError('overloaded') : error;
    } finally {
      this.idle.push(thread);
    }
  }
}

/** A worker thread that does one job at a time. */
class HashingThread {
  private worker: Worker | undefined;

  async run(job: HashingJob): Promise<unknown> {
    const worker = (this.worker ??= this.start());
    worker.ref(); // Keeps the process running until the job is done, but not for an idle thread.
    worker.postMessage(job);
    try {
      const [result] = (await once(worker, 'message')) as [unknown];
      return result;
    } catch (error) {
      this.worker = undefined; // The worker has ended; the next job starts a new one.
      throw error;
    } finally {
      worker.unref();
    }
  }

  async stop(): Promise<void> {
    await this.worker?.terminate();
  }

  private start(): Worker {
    return new Worker(new URL('hashing-worker.js', import.meta.url));
  }
}
