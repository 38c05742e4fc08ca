import type { IncomingMessage } from 'node:http';
import type { Client } from '../../../application/ports/client.js';
import type { ReadClientAddress } from './client-address.js';

/**
 * How many milliseconds after closing its side of the connection a client counts as disconnected. It may still read its
 * response, but a client that has given up looks the same.
 */
const halfClosedTimeout = 2_000;

/** Returns the client that sent a request. */
export type ReadClient = (request: IncomingMessage) => Client;

/** Creates a reader of clients that gets their addresses from `readAddress`. */
export function clientReader(readAddress: ReadClientAddress): ReadClient {
  return (request) => ({
    address: readAddress(request),
    onDisconnect(callback) {
      const { socket } = request;
      let timer: NodeJS.Timeout | undefined;
      const onEnd = () => {
        timer ??= setTimeout(callback, halfClosedTimeout).unref();
      };
      socket.once('end', onEnd).once('close', callback);
      const check = setImmediate(() => {
        if (socket.destroyed) callback();
        else if (socket.readableEnded) onEnd();
      });
      return () => {
        clearImmediate(check);
        clearTimeout(timer);
        socket.off('end', onEnd).off('close', callback);
      };
    },
  });
}
