import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { PortError } from '../../application/ports/port-error.js';

/** To hash a password, or to compare one with a hash. */
export type BcryptJob =
  { readonly password: string; readonly cost: number } | { readonly password: string; readonly hash: string };

/** How many threads are started ahead at most; each takes 8 MB. */
const maxStartedAhead = 4;

/** What the system says when it has no descriptors, memory or threads to give. */
const shortage = /^(?:EMFILE|ENFILE|EAGAIN|ENOMEM|ERR_WORKER_\w+)$/;

/**
 * bcrypt in threads that give way to requests; libuv's, in which it would run else, have the same priority as those.
 * There are as many as there are calls at the same time. A call for which no thread can be started is rejected with the
 * code 'overloaded'.
 */
export class BcryptThreads {
  private readonly idle: BcryptThread[] = [];

  /** Starts some threads ahead of the first calls, when there may be no descriptors left for it. */
  async start(): Promise<void> {
    const count = Math.min(maxStartedAhead, Math.max(1, availableParallelism() - 1));
    await Promise.all(Array.from({ length: count }, () => this.hash('', 4)));
  }

  /** Ends the threads that have nothing to do; a later call starts another. */
  async stop(): Promise<void> {
    await Promise.all(this.idle.splice(0).map((thread) => thread.stop()));
  }

  async hash(password: string, cost: number): Promise<string> {
    return this.run<string>({ password, cost });
  }

  async compare(password: string, hash: string): Promise<boolean> {
    return this.run<boolean>({ password, hash });
  }

  private async run<T>(job: BcryptJob): Promise<T> {
    const thread = this.idle.pop() ?? new BcryptThread();
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

/** Does one job at a time. */
class BcryptThread {
  private worker: Worker | undefined;

  async run(job: BcryptJob): Promise<unknown> {
    const worker = (this.worker ??= this.start());
    worker.ref(); // The process must not end before the job, and need not stay for an idle thread.
    worker.postMessage(job);
    try {
      const [result] = (await once(worker, 'message')) as [unknown];
      return result;
    } catch (error) {
      this.worker = undefined; // It has ended; the next job gets another.
      throw error;
    } finally {
      worker.unref();
    }
  }

  async stop(): Promise<void> {
    await this.worker?.terminate();
  }

  private start(): Worker {
    return new Worker(new URL('bcrypt-worker.js', import.meta.url));
  }
}
