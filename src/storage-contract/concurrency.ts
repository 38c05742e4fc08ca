import { setImmediate } from 'node:timers/promises';

/** Makes `times` concurrent calls; returns their results. */
export async function concurrently<T>(times: number, call: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: times }, (_, index) => call(index)));
}

/**
 * Makes `times` calls, a hundred at once: a storage may do them one after the other, and each has a second. Returns their
 * results.
 */
export async function inPortions<T>(times: number, call: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  while (results.length < times) {
    const first = results.length;
    results.push(...(await concurrently(Math.min(100, times - first), (index) => call(first + index))));
  }
  return results;
}

/** Two concurrent operations. */
type Racers = readonly [() => Promise<unknown>, () => Promise<unknown>];

/**
 * Runs both concurrently. Each one starts first in half of the rounds, and the other one starts later in each round, so
 * that it meets the first one at each of its steps.
 */
export async function race(round: number, [one, other]: Racers): Promise<void> {
  const [first, second] = round % 2 === 0 ? [one, other] : [other, one];
  await Promise.all([first(), afterTurns(Math.floor(round / 2) % 10, second)]);
}

/** Calls `call` after `turns` turns of the event loop; at once if that is 0. */
async function afterTurns(turns: number, call: () => Promise<unknown>): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await setImmediate();
  await call();
}
