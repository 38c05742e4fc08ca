import { setTimeout } from 'node:timers/promises';

/** Settles as the promise does, or after so many milliseconds is rejected with what `tooLate` returns. */
export async function withTimeout<T>(
  promise: Promise<T>,
  milliseconds: number,
  tooLate: () => Error,
): Promise<T> {
  const settled = new AbortController();
  const deadline = setTimeout(milliseconds, undefined, { signal: settled.signal }).then(() => {
    throw tooLate();
  });
  return Promise.race([promise, deadline]).finally(() => settled.abort());
}
