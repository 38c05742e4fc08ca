/** Writes a message on standard error. */
export function warn(message: string): void {
  process.stderr.write(`hexado: ${message}\n`);
}
