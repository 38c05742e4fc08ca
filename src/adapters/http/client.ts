import type { IncomingMessage } from 'node:http';
import type { Client } from '../../application/client.js';
import type { ReadClientAddress } from './client-address.js';

/** Tells who sent a request. */
export type ReadClient = (request: IncomingMessage) => Client;

/** A reader of clients whose addresses are read by `readAddress`. */
export function clientReader(readAddress: ReadClientAddress): ReadClient {
  return (request) => ({
    address: readAddress(request),
    onDisconnect(callback) {
      const { socket } = request;
      // A client that gives up closes its connection, which looks as if it had closed its side only.
      socket.once('end', callback).once('close', callback);
      const check = setImmediate(() => {
        if (socket.readableEnded || socket.destroyed) callback();
      });
      return () => {
        clearImmediate(check);
        socket.off('end', callback).off('close', callback);
      };
    },
  });
}
