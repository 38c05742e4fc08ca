import { performance } from 'node:perf_hooks';
import { describeError } from '../../application/describe-error.js';
import type { Log } from '../../application/ports/environment.js';
import { storageRejections, StorageUnavailable, type Storage } from '../../application/ports/storage.js';
import { DomainError } from '../../domain/errors.js';
import { withTimeout } from './with-timeout.js';
import { resultSchemas } from './result-schemas.js';

/** Milliseconds after which a call is given up. */
const timeout = 1_000;

/** Takes note of a call of a method such as `tasks.find`. `seconds` is how long it took. */
export type ObserveCall = (method: string, outcome: 'done' | 'failed', seconds: number) => void;

type Method = (...args: unknown[]) => Promise<unknown>;

/**
 * Wraps a storage that is not trusted. If a call throws, never settles or returns an invalid result, it rejects with
 * StorageUnavailable within a second. The log has one warning for each method that starts to fail.
 */
export function checkedStorage(storage: Storage, log: Log, observe?: ObserveCall): Storage {
  return checkedMembers(storage, resultSchemas, { log, observe }, '') as Storage;
}

interface Watchers {
  readonly log: Log;
  readonly observe: ObserveCall | undefined;
}

function checkedMembers(owner: object, expected: object, watchers: Watchers, path: string): object {
  const checked = Object.entries(expected).flatMap(([name, read]: [string, object]) => {
    const member = Reflect.get(owner, name) as object | undefined;
    if (member === undefined) return [];
    const fullName = `${path}${name}`;
    if (typeof read !== 'function') return [[name, checkedMembers(member, read, watchers, `${fullName}.`)]];
    const call: Method = async (...args) => Reflect.apply(member as Method, owner, args);
    const readResult = read as (result: unknown, args: unknown[]) => unknown;
    return [[name, checkedMethod(call, readResult, fullName, watchers)]];
  });
  return Object.fromEntries(checked) as object;
}

function checkedMethod(
  call: Method,
  read: (result: unknown, args: unknown[]) => unknown,
  name: string,
  { log, observe }: Watchers,
): Method {
  let fails = false;
  return async (...args) => {
    const calledAt = performance.now();
    const finish = (outcome: 'done' | 'failed') =>
      observe?.(name, outcome, (performance.now() - calledAt) / 1000);
    try {
      const onTimeout = () => new StorageUnavailable(`${name}: timeout`);
      const result = read(await withTimeout(call(...args), timeout, onTimeout), args);
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
