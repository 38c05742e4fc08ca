import { isIP } from 'node:net';
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { batchWrites } from './batched-writes.js';
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
} satisfies RedisOptions;

/** Milliseconds within which the first attempt to connect has succeeded or failed, and within which a connection answers. */
export const { connectTimeout, socketTimeout } = patience;

/** What a client asks when something goes wrong. */
export interface Recovery {
  /** After how many milliseconds to connect again. */
  readonly nextDelay: () => number;
  /** Whether this error of a command calls for another connection. */
  readonly reconnectOnError: (error: Error) => boolean;
}

/** A client that is not connected yet. It fails fast and comes back by itself. */
export function createClient(settings: RedisSettings, recovery: Recovery): RedisClient {
  const create = settings.mode === 'cluster' ? clientOfCluster : clientOfServer;
  const client = create(settings, recovery);
  onEachConnection(client, batchWrites);
  return client;
}

/** Calls back with the client's connection, or with each of those that a client of a Cluster will have. */
export function onEachConnection(client: RedisClient, use: (connection: Redis) => unknown): void {
  if (client instanceof Cluster) client.on('+node', use);
  else use(client);
}

function clientOfServer(settings: RedisSettings, { nextDelay, reconnectOnError }: Recovery): Redis {
  const [first] = settings.hosts;
  return new Redis({
    ...patience,
    ...credentials(settings),
    ...(settings.mode === 'sentinel'
      ? {
          sentinels: [...settings.hosts],
          name: settings.sentinelName ?? '',
          ...(settings.sentinelUsername !== undefined && { sentinelUsername: settings.sentinelUsername }),
          ...(settings.sentinelPassword !== undefined && { sentinelPassword: settings.sentinelPassword }),
          ...(settings.tls && { sentinelTLS: { ...settings.tls }, enableTLSForSentinelMode: true }),
          failoverDetector: true,
          sentinelCommandTimeout: patience.socketTimeout,
          sentinelRetryStrategy: nextDelay,
        }
      : settings.path === undefined
        ? { ...first }
        : { path: settings.path }),
    retryStrategy: nextDelay,
    reconnectOnError,
    lazyConnect: true,
  });
}

function clientOfCluster(settings: RedisSettings, { nextDelay, reconnectOnError }: Recovery): Cluster {
  return new Cluster([...settings.hosts], {
    redisOptions: {
      ...patience,
      ...credentials(settings),
      reconnectOnError,
      // A command is sent again when its connection is lost. A timer of its own bounds that: a little longer than the
      // connection's, so that it is known by then whether that has died.
      commandTimeout: patience.socketTimeout + 50,
    },
    enableOfflineQueue: false,
    retryDelayOnClusterDown: 0, // It takes longer than anybody waits.
    enableReadyCheck: false, // The handshake asks the same, and can say what is wrong.
    clusterRetryStrategy: nextDelay,
    // A certificate is for the name, which the library would replace by an address.
    ...(settings.tls && { dnsLookup: (host, callback) => callback(null, host) }),
    lazyConnect: true,
  });
}

function credentials({
  mode,
  hosts: [first],
  username,
  password,
  tls,
}: RedisSettings): Pick<RedisOptions, 'username' | 'password' | 'tls'> {
  // Node tells the server the name that is asked for (SNI) only where it is given apart from the host.
  const name = mode === 'single' && first && isIP(first.host) === 0 ? { servername: first.host } : {};
  return {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls && { tls: { ...name, ...tls } }),
  };
}
