import { performance } from 'node:perf_hooks';
import type { Log } from '../application/ports/environment.js';
import { handleSignal, hasTerminal } from './held-signals.js';

type Stop = (signal: NodeJS.Signals) => Promise<void>;

/** Milliseconds within which a second signal is the duplicateSignalWindow of the first: at Ctrl-C npm passes on what the terminal sent. */
const duplicateSignalWindow = 150;

/** Those that somebody sends again because the stop takes too long. */
const impatient: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT'];

/** Calls `stop` once, at the first of the signals; a later SIGTERM or SIGINT ends the process at once. */
export function onShutdownSignal(signals: readonly NodeJS.Signals[], stop: Stop): void {
  let first: number | undefined;
  for (const each of signals) {
    handleSignal(each, (signal) => {
      const now = performance.now();
      if (first === undefined) void stop(signal);
      else if (now - first > duplicateSignalWindow && impatient.includes(signal)) process.exit(1);
      first ??= now;
    });
  }
}

/**
 * Calls `stop` at the first SIGTERM or SIGINT, and at SIGHUP where that says that the terminal goes. With a keys file it
 * says that the keys are to be read again, and elsewhere nothing, which is a line of the log.
 */
export function stopWhenTold(stop: Stop, log: Log, signingKeysFile: string | undefined): void {
  const isForUs = signingKeysFile === undefined;
  onShutdownSignal(isForUs && hasTerminal ? [...impatient, 'SIGHUP'] : impatient, stop);
  if (isForUs && !hasTerminal) {
    handleSignal('SIGHUP', () => log.warn({}, 'SIGHUP is ignored: SIGNING_KEYS_FILE is not set'));
  }
}
