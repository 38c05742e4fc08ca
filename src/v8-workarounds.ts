import { executionAsyncResource } from 'node:async_hooks';

const kept: object[] = [];

/**
 * Keeps `process.nextTick` as fast as it is in a Node that has just started, in Node 20 (docs/performance.md: measure again
 * with each major version). When V8 collects garbage and finds none of nextTick's objects, it forgets their shape, and from
 * then on builds each in C++: 0.18 µs instead of 0.03, a dozen times per request. So one such object is kept for ever. Call
 * it once all modules are loaded.
 */
export function keepNextTickFast(): void {
  process.nextTick(() => kept.push(executionAsyncResource()));
}
