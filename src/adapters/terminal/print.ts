/** Thrown when standard output or a file cannot be written. `done` says what the command has done before. */
export class OutputError extends Error {
  override readonly name = 'OutputError';

  constructor(
    readonly code: string,
    readonly done?: string,
    readonly target = 'Standard output',
  ) {
    super(code);
  }
}

/** Writes to standard output; resolves once the text is written. Rejects with OutputError. */
export function print(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error: NodeJS.ErrnoException | null | undefined) => {
      if (error) reject(new OutputError(error.code ?? 'unknown'));
      else resolve();
    });
  });
}

/** Prints a message about what has been done. Rejects with an OutputError that repeats it. */
export function printDone(message: string): Promise<void> {
  return print(`${message}\n`).catch((error: OutputError) => {
    throw new OutputError(error.code, message);
  });
}
