/** Thrown when standard output cannot be written; `done` says what has been done nevertheless. */
export class OutputError extends Error {
  override readonly name = 'OutputError';

  constructor(
    readonly code: string,
    readonly done?: string,
  ) {
    super(code);
  }
}

/** Writes a text to standard output, and resolves once it is written. Rejected with OutputError. */
export function print(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error: NodeJS.ErrnoException | null | undefined) => {
      if (error) reject(new OutputError(error.code ?? 'unknown'));
      else resolve();
    });
  });
}

/** Prints a sentence about what has been done. Rejected with OutputError, which repeats it. */
export function printDone(sentence: string): Promise<void> {
  return print(`${sentence}\n`).catch((error: OutputError) => {
    throw new OutputError(error.code, sentence);
  });
}
