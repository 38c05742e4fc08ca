import type { IncomingMessage } from 'node:http';
import type { Client } from '../../../application/ports/client.js';
import type { ReadClientAddress } from './client-address.js';

/**
 * For how long a client that has closed its side of the connection is waited for. It may still read its response; a client
 * that has given up looks the same.
 */
const halfClosedTimeout = 2_000;

/** Tells who sent a request. */
export type ReadClient = (request: IncomingMessage) => Client;

/** A reader of clients whose addresses are read by `readAddress`. */
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
