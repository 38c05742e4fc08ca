import { inspect } from 'node:util';
import { InvalidResult } from '../adapters/storage-module/result-schemas.js';
import { withTimeout } from '../adapters/storage-module/with-timeout.js';
import { callTimeout } from '../adapters/storage-module/checked-storage.js';
import { wrapMethods } from '../adapters/storage-module/wrap-methods.js';
import type { Storage } from '../application/ports/storage.js';

/** More calls than any test makes: a list that never ends fails its test instead of keeping it running. */
const maxCalls = 50_000;

/**
 * The storage as production sees it: each call has its second, and its result must be what the port promises. Where
 * production responds with 503, this rejects with an error that says what was wrong. The arguments are frozen, for they
 * belong to the caller: a storage that changes one gets a TypeError.
 */
export function heldToPromises(storage: Storage): Storage {
  let calls = 0;
  return wrapMethods(storage, (call, readResult, name) => async (...args) => {
    args.forEach(freeze);
    calls++;
    if (calls > maxCalls) throw new Error(`${name}: ${maxCalls} calls in one test. Does a list never end?`);
    const onTimeout = () => new Error(`${name} has not settled within ${callTimeout / 1000} s`);
    const result = await withTimeout(call(...args), callTimeout, onTimeout);
    try {
      if (name === 'check') requireBothLists(result);
      return readResult(result, args);
    } catch (error) {
      if (!(error instanceof InvalidResult)) throw error;
      throw new Error(
        `${name}(${inspect(args)}) resolved to what its port does not promise: ${inspect(result)}`,
        {
          cause: error,
        },
      );
    }
  });
}

/** Production takes a list that is left out for an empty one. What is neither has another mistake in it. */
function requireBothLists(health: unknown): void {
  const { reasons, warnings } = (health ?? {}) as Readonly<Record<string, unknown>>;
  if (!Array.isArray(reasons) || !Array.isArray(warnings)) throw new InvalidResult();
}

function freeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  Object.values(value).forEach(freeze);
}
