/** Thrown when a command has changed something, but not all, with a message that says so. The cause is why. */
export class PartlyDone extends Error {
  override readonly name = 'PartlyDone';

  constructor(message: string, cause: unknown) {
    super(message, { cause });
  }
}
