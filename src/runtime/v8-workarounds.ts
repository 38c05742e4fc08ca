import { executionAsyncResource } from 'node:async_hooks';

const keptAlive: object[] = [];

/**
 * Keeps `process.nextTick` as fast as in a process that has just started. If a garbage collection finds no object of
 * nextTick, V8 drops their shape (a deoptimization) and then builds each one in C++, a dozen times per request. This
 * function therefore keeps one such object for ever. Call it once all modules are loaded.
 *
 * Node 20, 22, 24 and 26 need it. test/faults/v8-workarounds.test.ts measures it, and fails with a Node that does not.
 */
export function keepNextTickFast(): void {
  process.nextTick(() => keptAlive.push(executionAsyncResource()));
}
