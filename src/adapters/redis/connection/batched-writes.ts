import type { Redis } from 'ioredis';

/**
 * How many bytes of commands are sent in one write. With larger batches, Redis would be idle while commands are
 * collected, and then this process would be idle until Redis has executed all of them.
 */
const batchSize = 4096;

/**
 * Sends all commands of one turn of the event loop together (pipelining), because each write to a socket costs a system
 * call. This applies to every connection that the client makes.
 */
export function batchWrites(client: Redis): void {
  client.on('connect', () => {
    const socket = client.stream;
    const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
    socket.write = (...args: unknown[]) => {
      if (socket.writableCorked === 0) {
        socket.cork();
        setImmediate(() => socket.uncork());
      }
      const hasRoom = write(...args);
      if (socket.writableLength >= batchSize) {
        socket.uncork();
        socket.cork();
      }
      return hasRoom;
    };
  });
}
