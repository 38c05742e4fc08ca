import { performance } from 'node:perf_hooks';
import { describeError } from '../../application/describe-error.js';
import type { Log } from '../../application/ports/environment.js';
import { storageRejections, StorageUnavailable, type Storage } from '../../application/ports/storage.js';
import { DomainError } from '../../domain/errors.js';
import { withTimeout } from './with-timeout.js';
import { wrapMethods, type Method, type ReadResult } from './wrap-methods.js';

/** Milliseconds after which a call is given up. */
export const callTimeout = 1_000;

/** Takes note of a call of a method such as `tasks.find`. `seconds` is how long it took. */
export type ObserveCall = (method: string, outcome: 'done' | 'failed', seconds: number) => void;

/**
 * Wraps a storage that is not trusted. If a call throws, never settles or returns an invalid result, it rejects with
 * StorageUnavailable within a second. The log has one warning for each method that starts to fail.
 */
export function checkedStorage(storage: Storage, log: Log, observe?: ObserveCall): Storage {
  return wrapMethods(storage, (call, readResult, name) =>
    checkedMethod(call, readResult, name, { log, observe }),
  );
}

function checkedMethod(
  call: Method,
  readResult: ReadResult,
  name: string,
  { log, observe }: { readonly log: Log; readonly observe: ObserveCall | undefined },
): Method {
  let fails = false;
  return async (...args) => {
    const calledAt = performance.now();
    const finish = (outcome: 'done' | 'failed') =>
      observe?.(name, outcome, (performance.now() - calledAt) / 1000);
    try {
      const onTimeout = () => new StorageUnavailable(`${name}: timeout`);
      const result = readResult(await withTimeout(call(...args), callTimeout, onTimeout), args);
      fails = false;
      finish('done');
      return result;
    } catch (error) {
      // Recognized by its code: a storage module need not use our error class.
      const rejection = storageRejections.find((code) => code === codeOf(error));
      finish(rejection ? 'done' : 'failed');
      if (rejection) throw new DomainError(rejection);
      const failure = describeFailure(error, name);
      if (!fails)
        log.warn(failure, 'Storage method failed or returned an invalid result; responding with 503');
      fails = true;
      throw new StorageUnavailable(failure.reason);
    }
  };
}

function describeFailure(error: unknown, name: string): { reason: string; at: readonly string[] } {
  if (error instanceof StorageUnavailable) return { reason: error.reason, at: [] };
  const { kind, at } = describeError(error);
  return { reason: `${name}: ${kind}`, at };
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
