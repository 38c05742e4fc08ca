/** Thrown when what is to be imported is not as it must be, with a message that says why. */
export class DataError extends Error {
  override readonly name = 'DataError';
}
