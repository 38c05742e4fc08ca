import type { Redis } from 'ioredis';

/**
 * Bytes of commands that leave in one write. With more, Redis would have nothing to do while they are collected, and then
 * the server nothing until Redis is done with all of them.
 */
const batchSize = 4096;

/**
 * Lets the commands of one turn of the event loop leave together, for each write to a socket costs a system call. It holds
 * for every connection that this client will make.
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
