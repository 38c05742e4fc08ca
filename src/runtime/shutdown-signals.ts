import { performance } from 'node:perf_hooks';
import type { Log } from '../application/ports/environment.js';
import { handleSignal, hasTerminal } from './held-signals.js';

type Stop = (signal: NodeJS.Signals) => Promise<void>;

/** Milliseconds within which a second signal is a duplicate: at Ctrl-C npm forwards what the terminal has sent too. */
const duplicateSignalWindow = 150;

/** Signals that start a graceful shutdown, and that end the process at once when they are repeated. */
const shutdownSignals: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT'];

/** Calls `stop` once, at the first of the signals. A later SIGTERM or SIGINT ends the process at once, with exit code 1. */
export function onShutdownSignal(signals: readonly NodeJS.Signals[], stop: Stop): void {
  let first: number | undefined;
  for (const each of signals) {
    handleSignal(each, (signal) => {
      const now = performance.now();
      if (first === undefined) void stop(signal);
      else if (now - first > duplicateSignalWindow && shutdownSignals.includes(signal)) process.exit(1);
      first ??= now;
    });
  }
}

/**
 * Calls `stop` at the first SIGTERM or SIGINT. SIGHUP means one of three things: with a key file, to reload it (handled
 * elsewhere); else at a terminal, that the terminal closes, which is a shutdown; else nothing but a warning in the log.
 */
export function onStopRequest(stop: Stop, log: Log, signingKeysFile: string | undefined): void {
  const hasNoKeysFile = signingKeysFile === undefined;
  onShutdownSignal(hasNoKeysFile && hasTerminal ? [...shutdownSignals, 'SIGHUP'] : shutdownSignals, stop);
  if (hasNoKeysFile && !hasTerminal) {
    handleSignal('SIGHUP', () => log.warn({}, 'SIGHUP is ignored: SIGNING_KEYS_FILE is not set'));
  }
}
