import { performance } from 'node:perf_hooks';
import type { Log } from '../../application/ports/environment.js';
import { StorageUnavailable, type Storage } from '../../application/ports/storage.js';
import { DomainError } from '../../domain/errors.js';
import { FailureLog } from './failure-log.js';
import { received } from './failure.js';
import { refusalOf } from './refusals.js';
import { withTimeout } from './with-timeout.js';
import { wrapMethods, type Method, type ReadResult } from './wrap-methods.js';

/** Milliseconds after which a call is given up. */
export const callTimeout = 1_000;

/** Takes note of a call of a method such as `tasks.find`. `seconds` is how long it took. */
export type ObserveCall = (method: string, outcome: 'done' | 'failed', seconds: number) => void;

/**
 * Wraps a storage that is not trusted. If a call throws, never settles or returns an invalid result, it rejects with
 * StorageUnavailable within a second. `failures` logs that, and `log` gets the warnings of `check`, each when it is new.
 */
export function checkedStorage(
  storage: Storage,
  log: Log,
  observe?: ObserveCall,
  failures = new FailureLog(log),
): Storage {
  const checked = wrapMethods(storage, (call, readResult, name) =>
    checkedMethod(call, readResult, name, { failures, observe }),
  );
  return { ...checked, check: loggingWarnings(() => checked.check(), log) };
}

const onTimeout = () => new StorageUnavailable('timeout');

function checkedMethod(
  call: Method,
  readResult: ReadResult,
  name: string,
  { failures, observe }: { readonly failures: FailureLog; readonly observe: ObserveCall | undefined },
): Method {
  return async (...args) => {
    const calledAt = performance.now();
    const finish = (outcome: 'done' | 'failed') =>
      observe?.(name, outcome, (performance.now() - calledAt) / 1000);
    try {
      const result = readResult(await withTimeout(call(...args), callTimeout, onTimeout), args);
      finish('done');
      failures.succeeded(name, calledAt);
      return result;
    } catch (thrown) {
      const error = received(thrown);
      const rejection = refusalOf(name, error);
      finish(rejection ? 'done' : 'failed');
      throw rejection ? new DomainError(rejection) : failures.failed(name, error);
    }
  };
}

function loggingWarnings(check: Storage['check'], log: Log): Storage['check'] {
  let known: readonly string[] = [];
  return async () => {
    const health = await check();
    for (const warning of health.warnings) if (!known.includes(warning)) log.warn({}, warning);
    known = health.warnings;
    return health;
  };
}
