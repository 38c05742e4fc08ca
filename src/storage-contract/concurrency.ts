import assert from 'node:assert/strict';
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

/** Whether each effect of a call has happened, by what it is. */
export type Effects = Readonly<Record<string, () => Promise<boolean>>>;

/**
 * Makes the call, looks at its effects all the while, and returns its result. Expects that they happen in one step: once
 * one of them is seen, so are all others that are looked at later; and that all have happened in the end.
 */
export async function inOneStep<T>(call: () => Promise<T>, effects: Effects): Promise<T> {
  let settled = false;
  const result = call().finally(() => (settled = true));
  // It is awaited below. If it rejects before that, this is no unhandled rejection.
  result.catch(() => undefined);
  // Each is looked at before and after each other one within one turn of the event loop.
  const forwards = Object.entries(effects);
  const order = [...forwards, ...forwards.toReversed().slice(1)];
  let seen: string | undefined;
  for (let isLast = false; !isLast;) {
    isLast = settled;
    for (const [what, hasHappened] of order) {
      if (await hasHappened()) seen ??= what;
      else if (isLast || seen !== undefined)
        assert.fail(`${seen ?? 'the end of the call'} came before ${what}`);
    }
    if (!isLast) await setImmediate();
  }
  return result;
}

/** Calls `call` after `turns` turns of the event loop; at once if that is 0. */
export async function afterTurns<T>(turns: number, call: () => Promise<T>): Promise<T> {
  for (let turn = 0; turn < turns; turn++) await setImmediate();
  return call();
}
