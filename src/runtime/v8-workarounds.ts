import { executionAsyncResource } from 'node:async_hooks';

const kept: object[] = [];

/**
 * Keeps `process.nextTick` as fast as it is in a Node that has just started. When V8 collects garbage and finds none of
 * nextTick's objects, it forgets their shape, and from then on builds each in C++, a dozen times per request. So one such
 * object is kept for ever. Call it once all modules are loaded.
 *
 * Node 20, 22, 24 and 26 need it. test/runtime/v8-workarounds.test.ts measures it, and fails with a Node that does not.
 */
export function keepNextTickFast(): void {
  process.nextTick(() => kept.push(executionAsyncResource()));
}
