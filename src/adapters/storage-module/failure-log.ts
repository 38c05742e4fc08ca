import { performance } from 'node:perf_hooks';
import { describeError } from '../../application/describe-error.js';
import type { Log } from '../../application/ports/environment.js';
import type { StorageUnavailable } from '../../application/ports/storage.js';
import { isFault, NotCreated, unavailable } from './failure.js';

/** Milliseconds without a failure after which an outage is over, so that one that comes and goes is a single one. */
const quietPeriod = 1_000;

/**
 * Logs what is wrong with a storage module: an outage when it begins and when it ends, however many calls fail, and each
 * method that starts to fail by a mistake of the module.
 */
export class FailureLog {
  /** The methods with a mistake, until they have worked again. */
  private readonly faulty = new Set<string>();
  /** When a call last failed in this outage, on the monotonic clock. */
  private failedAt: number | undefined;
  private recovery: NodeJS.Timeout | undefined;

  constructor(private readonly log: Log) {}

  /** Takes note of a failed call, and returns the error for its caller. */
  failed(method: string, error: unknown): StorageUnavailable {
    const failure = unavailable(method, error);
    const { reason, advice } = failure;
    const { at } = describeError(error instanceof NotCreated ? error.cause : error);
    if (isFault(error)) {
      if (!this.faulty.has(method)) {
        this.log.warn(
          { reason, at },
          'Storage method failed or returned an invalid result; responding with 503',
        );
      }
      this.faulty.add(method);
      return failure;
    }
    if (this.failedAt === undefined) {
      this.log.warn(
        { reason, at },
        `The storage is unavailable (${reason}); requests that need it get 503. ${advice}`,
      );
    }
    this.failedAt = performance.now();
    clearTimeout(this.recovery);
    this.recovery = undefined;
    return failure;
  }

  /** Takes note of a call that was made at this time, on the monotonic clock, and has succeeded. */
  succeeded(method: string, calledAt: number): void {
    this.faulty.delete(method);
    if (this.failedAt === undefined || calledAt < this.failedAt) return;
    this.recovery ??= setTimeout(() => {
      this.failedAt = undefined;
      this.recovery = undefined;
      this.log.info({}, 'The storage is available again.');
    }, quietPeriod).unref();
  }
}
