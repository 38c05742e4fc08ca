import { setImmediate } from 'node:timers/promises';
import { keepNextTickFast } from '../../src/runtime/v8-workarounds.js';

// Run with --expose-gc. Prints what process.nextTick costs after garbage collections, in nanoseconds; with the argument
// `kept`, it begins as a server does.

if (process.argv[2] === 'kept') keepNextTickFast();

const noop = () => {};

async function nanosecondsPerTick(): Promise<number> {
  await setImmediate();
  const count = 10_000;
  const startedAt = process.hrtime.bigint();
  for (let i = 0; i < count; i++) process.nextTick(noop);
  return Number(process.hrtime.bigint() - startedAt) / count;
}

const measure = async () => {
  let least = Infinity;
  for (let i = 0; i < 20; i++) least = Math.min(least, await nanosecondsPerTick());
  return least;
};

await measure(); // Lets V8 compile it.
for (let i = 0; i < 30; i++) {
  await setImmediate(); // No object of nextTick is left.
  globalThis.gc?.();
}
console.log(await measure());
