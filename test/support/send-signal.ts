/** Sends a signal to a process. Throws without an id: 0 would stand for every process of our own group. */
export function sendSignal(pid: number | undefined, signal: NodeJS.Signals): void {
  if (!pid) throw new Error(`there is no process to send ${signal} to`);
  process.kill(pid, signal);
}
