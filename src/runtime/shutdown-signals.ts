import { performance } from 'node:perf_hooks';
import type { Log } from '../application/ports/environment.js';
import { handleSignal, hasTerminal } from './held-signals.js';
import type { ShutdownDelay } from './shutdown-delay.js';

type Stop = (signal: NodeJS.Signals) => Promise<void>;

/** Milliseconds within which a second signal is a duplicate: at Ctrl-C npm forwards what the terminal has sent too. */
const duplicateSignalWindow = 150;

/** Signals that start a graceful shutdown, and that end the process at once when they are repeated. */
const shutdownSignals: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT'];

/**
 * Calls `stop` once, at the first of the signals. Any but SIGTERM skips the delay. A later SIGTERM or SIGINT skips it
 * while it passes, and otherwise ends the process at once, with exit code 1.
 */
export function onShutdownSignal(signals: readonly NodeJS.Signals[], stop: Stop, delay: ShutdownDelay): void {
  let last: number | undefined;
  for (const each of signals) {
    handleSignal(each, (signal) => {
      const now = performance.now();
      if (last === undefined) {
        if (signal !== 'SIGTERM') delay.skip();
        void stop(signal);
      } else {
        if (now - last <= duplicateSignalWindow || !shutdownSignals.includes(signal)) return;
        if (!delay.isPassing) process.exit(1);
        delay.skip();
      }
      last = now;
    });
  }
}

/**
 * Calls `stop` at the first SIGTERM or SIGINT. SIGHUP means one of three things: with a key file, to reload it (handled
 * elsewhere); else at a terminal, that the terminal closes, which is a shutdown; else nothing but a warning in the log.
 */
export function onStopRequest(
  stop: Stop,
  delay: ShutdownDelay,
  log: Log,
  signingKeysFile: string | undefined,
): void {
  const hasNoKeysFile = signingKeysFile === undefined;
  const signals = hasNoKeysFile && hasTerminal ? [...shutdownSignals, 'SIGHUP' as const] : shutdownSignals;
  onShutdownSignal(signals, stop, delay);
  if (hasNoKeysFile && !hasTerminal) {
    handleSignal('SIGHUP', () => log.warn({}, 'SIGHUP is ignored: SIGNING_KEYS_FILE is not set'));
  }
}
