import type { Redis } from 'ioredis';

/** Makes all that is sent to Redis in one turn of the event loop leave in one write. */
export function corked(redis: Redis): Redis {
  const send = redis.sendCommand.bind(redis);
  let isCorked = false;
  redis.sendCommand = (command, stream) => {
    if (!isCorked) {
      isCorked = true;
      const socket = redis.stream;
      socket.cork();
      setImmediate(() => {
        isCorked = false;
        socket.uncork();
      });
    }
    return send(command, stream);
  };
  return redis;
}
