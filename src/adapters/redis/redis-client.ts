import { Cluster, Redis, type RedisOptions } from 'ioredis';
import type { RedisSettings } from './redis-settings.js';

/** A client of any of the three modes; the commands are the same. */
export type RedisClient = Redis | Cluster;

// The library's defaults would wait for minutes, queue without a bound, and follow a demoted master. Redis answers in
// order, so that one timer per connection does for all of its commands; a timer per command costs a tenth of a request.
const patience = {
  connectTimeout: 2000,
  disconnectTimeout: 500,
  socketTimeout: 1000,
  maxLoadingRetryTime: 500,
  maxRetriesPerRequest: 0,
  enableOfflineQueue: false,
  disableClientInfo: true,
  reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
} satisfies RedisOptions;

/** Milliseconds within which the first attempt to connect has succeeded or failed. */
export const { connectTimeout } = patience;

/**
 * A client that is not connected yet. It fails fast and comes back by itself; `nextDelay` tells after how many milliseconds
 * it tries again.
 */
export function createClient(settings: RedisSettings, nextDelay: () => number): RedisClient {
  const create = settings.mode === 'cluster' ? clientOfCluster : clientOfServer;
  const client = create(settings, nextDelay);
  onEachConnection(client, writeInBatches);
  return client;
}

/** Calls back with the client's connection, or with each of those that a client of a Cluster will have. */
export function onEachConnection(client: RedisClient, use: (connection: Redis) => unknown): void {
  if (client instanceof Cluster) client.on('+node', use);
  else use(client);
}

/**
 * Bytes of commands that leave in one write. With more, Redis would have nothing to do while they are collected, and then
 * the server nothing until Redis is done with all of them.
 */
const batchSize = 4096;

/** Lets the commands of the requests of one turn of the event loop leave together, for writing is what costs. */
function writeInBatches(connection: Redis): void {
  connection.on('connect', () => {
    const socket = connection.stream;
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

function clientOfServer(settings: RedisSettings, nextDelay: () => number): Redis {
  const [first] = settings.hosts;
  return new Redis({
    ...patience,
    ...credentials(settings),
    ...(settings.mode === 'sentinel'
      ? {
          sentinels: [...settings.hosts],
          name: settings.sentinelName ?? '',
          failoverDetector: true,
          sentinelCommandTimeout: patience.socketTimeout,
          sentinelRetryStrategy: nextDelay,
        }
      : { ...first }),
    retryStrategy: nextDelay,
    lazyConnect: true,
  });
}

function clientOfCluster(settings: RedisSettings, nextDelay: () => number): Cluster {
  return new Cluster([...settings.hosts], {
    // A command is sent again when its connection is lost; a timer of its own bounds that.
    redisOptions: { ...patience, ...credentials(settings), commandTimeout: patience.socketTimeout },
    enableOfflineQueue: false,
    enableReadyCheck: false, // The handshake asks the same, and can say what is wrong.
    clusterRetryStrategy: nextDelay,
    lazyConnect: true,
  });
}

function credentials({
  username,
  password,
  tls,
}: RedisSettings): Pick<RedisOptions, 'username' | 'password' | 'tls'> {
  return {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls && { tls: {} }),
  };
}
