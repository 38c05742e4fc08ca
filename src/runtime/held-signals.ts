import { isatty } from 'node:tty';

/** Those that end a process which does not handle them, though nobody sends them to end it. */
const signals = ['SIGHUP', 'SIGUSR2'] as const;
type HeldSignal = (typeof signals)[number];

const received = new Set<HeldSignal>();
const hold = (signal: NodeJS.Signals): void => void received.add(signal as HeldSignal);

/** Whether standard output was a terminal at the start. One that has gone is none any more. */
export const hasTerminal = isatty(1);

/** Keeps the signals from ending the process until somebody handles them. Imports nothing of ours, so that it comes first. */
export function holdSignals(): void {
  for (const signal of signals) process.on(signal, hold);
}

/** Handles the signal from now on, and at once if it has come meanwhile. */
export function handleSignal(signal: NodeJS.Signals, handle: (signal: NodeJS.Signals) => void): void {
  process.on(signal, handle);
  process.off(signal, hold);
  if (received.delete(signal as HeldSignal)) handle(signal);
}

/** Lets the signals end the process again, as they do with most commands. */
export function releaseSignals(): void {
  for (const signal of signals) {
    process.off(signal, hold);
    if (received.has(signal)) process.kill(process.pid, signal);
  }
}
