/** The client that sent a request. */
export interface Client {
  /** The client's IPv4 or IPv6 address. */
  readonly address: string;
  /**
   * Calls back when the client has disconnected: when its connection is closed, or some time after the client has
   * closed its own side of it. (A client may close its side and still wait for the response.) Never calls back before
   * this method returns. Returns a function that removes the callback.
   */
  onDisconnect(callback: () => void): () => void;
}
