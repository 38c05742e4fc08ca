/** Thrown when a command could not do what it was asked to, with a message for the operator. Nothing was changed. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
}
