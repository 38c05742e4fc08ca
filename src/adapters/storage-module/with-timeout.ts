import { setTimeout } from 'node:timers/promises';

/** Settles as the promise does, or rejects with the error of `onTimeout` after this many milliseconds. */
export async function withTimeout<T>(
  promise: Promise<T>,
  milliseconds: number,
  onTimeout: () => Error,
): Promise<T> {
  const settled = new AbortController();
  const deadline = setTimeout(milliseconds, undefined, { signal: settled.signal }).then(() => {
    throw onTimeout();
  });
  return Promise.race([promise, deadline]).finally(() => settled.abort());
}
