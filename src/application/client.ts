/** Whoever sent a request. */
export interface Client {
  /** Where the client is: an address of IPv4 or IPv6. */
  readonly address: string;
  /**
   * Calls back when the client has closed its side of the connection, soon if it already has, and never before this
   * returns. Answers a function after which it does not call back any more.
   */
  onDisconnect(callback: () => void): () => void;
}
