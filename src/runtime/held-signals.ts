import { isatty } from 'node:tty';

/** Signals whose default action ends the process, although operators send them for other reasons. */
const signals = ['SIGHUP', 'SIGUSR2'] as const;
type HeldSignal = (typeof signals)[number];

const received = new Set<HeldSignal>();
const hold = (signal: NodeJS.Signals): void => void received.add(signal as HeldSignal);

/** Whether standard output was a terminal at the start; later it may have been closed. */
export const hasTerminal = isatty(1);

/** Holds the signals back until a handler is added. This module imports no other of ours, so that it runs first. */
export function holdSignals(): void {
  for (const signal of signals) process.on(signal, hold);
}

/** Adds a handler of the signal, and calls it at once if the signal was held back. */
export function handleSignal(signal: NodeJS.Signals, handle: (signal: NodeJS.Signals) => void): void {
  process.on(signal, handle);
  process.off(signal, hold);
  if (received.delete(signal as HeldSignal)) handle(signal);
}

/** Restores the default action, and sends the process the signals that were held back. */
export function releaseSignals(): void {
  for (const signal of signals) {
    process.off(signal, hold);
    if (received.has(signal)) process.kill(process.pid, signal);
  }
}
