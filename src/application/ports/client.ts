/** Whoever sent a request. */
export interface Client {
  /** Where the client is: an address of IPv4 or IPv6. */
  readonly address: string;
  /**
   * Calls back when the client has given up: when its connection is closed, or some time after the client has closed its
   * side of it, for a client may do that and wait for its response. Never before this returns. Returns a function that
   * stops it.
   */
  onDisconnect(callback: () => void): () => void;
}
