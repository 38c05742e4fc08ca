import { performance } from 'node:perf_hooks';

/** Milliseconds within which a second signal is the echo of the first: at Ctrl-C npm passes on what the terminal sent. */
const echo = 150;

/** Calls `stop` once, at the first of the signals; the next one ends the process at once. */
export function onStopSignal(
  signals: readonly NodeJS.Signals[],
  stop: (signal: NodeJS.Signals) => Promise<void>,
): void {
  let first: number | undefined;
  for (const each of signals) {
    process.on(each, (signal) => {
      if (first !== undefined && performance.now() - first > echo) process.exit(1);
      if (first !== undefined) return;
      first = performance.now();
      void stop(signal);
    });
  }
}
