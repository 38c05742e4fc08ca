/** Thrown when the server cannot listen, with a message that says why. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}
