import { isIP } from 'node:net';
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { batchWrites } from './batched-writes.js';
import type { RedisSettings } from './redis-settings.js';

/** A client of any of the three modes; the commands are the same. */
export type RedisClient = Redis | Cluster;

// The library's defaults would wait for minutes, queue without a bound, and stay with a demoted master. Redis replies
// in order, so one timer per connection is enough for all its commands. A timer per command costs a tenth of a request.
const timeouts = {
  connectTimeout: 2000,
  disconnectTimeout: 500,
  socketTimeout: 1000,
  maxLoadingRetryTime: 500,
  maxRetriesPerRequest: 0,
  enableOfflineQueue: false,
  disableClientInfo: true,
} satisfies RedisOptions;

/**
 * Milliseconds within which the first attempt to connect has succeeded or failed, and within which Redis must reply.
 */
export const { connectTimeout, socketTimeout } = timeouts;

/** How a client recovers from errors. */
export interface Recovery {
  /** Milliseconds until the next attempt to connect. */
  readonly nextDelay: () => number;
  /** Whether to reconnect after this error of a command. */
  readonly reconnectOnError: (error: Error) => boolean;
}

/** A client that is not connected yet. It fails fast and reconnects by itself. */
export function createClient(settings: RedisSettings, recovery: Recovery): RedisClient {
  const create = settings.mode === 'cluster' ? clientOfCluster : clientOfServer;
  const client = create(settings, recovery);
  onEachConnection(client, batchWrites);
  return client;
}

/** The connections to all servers that take writes, always in the same order. */
export function mastersOf(client: RedisClient): readonly Redis[] {
  if (client instanceof Redis) return [client];
  return client.nodes('master').toSorted((one, other) => (addressOf(one) < addressOf(other) ? -1 : 1));
}

function addressOf({ options: { host, port } }: Redis): string {
  return `${host}:${port}`;
}

/** Calls back with the client's connection, or with each connection that a client of a Cluster will have. */
export function onEachConnection(client: RedisClient, use: (connection: Redis) => unknown): void {
  if (client instanceof Cluster) client.on('+node', use);
  else use(client);
}

function clientOfServer(settings: RedisSettings, { nextDelay, reconnectOnError }: Recovery): Redis {
  const [first] = settings.hosts;
  return new Redis({
    ...timeouts,
    ...credentials(settings),
    ...(settings.mode === 'sentinel'
      ? {
          sentinels: [...settings.hosts],
          name: settings.sentinelName ?? '',
          ...(settings.sentinelUsername !== undefined && { sentinelUsername: settings.sentinelUsername }),
          ...(settings.sentinelPassword !== undefined && { sentinelPassword: settings.sentinelPassword }),
          ...(settings.tls && { sentinelTLS: { ...settings.tls }, enableTLSForSentinelMode: true }),
          failoverDetector: true,
          sentinelCommandTimeout: timeouts.socketTimeout,
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
      ...timeouts,
      ...credentials(settings),
      reconnectOnError,
      // A command is sent again when its connection is lost. A timeout per command bounds that. It is a little longer
      // than the connection's timeout, so that a dead connection is noticed first.
      commandTimeout: timeouts.socketTimeout + 50,
    },
    enableOfflineQueue: false,
    retryDelayOnClusterDown: 0, // A Cluster is down for longer than any client waits.
    enableReadyCheck: false, // The handshake checks the same, and can report what is wrong.
    clusterRetryStrategy: nextDelay,
    // A certificate is for the host name, which the library would replace by an address.
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
  // Node sends the host name (SNI) only if it is set as `servername`.
  const name = mode === 'single' && first && isIP(first.host) === 0 ? { servername: first.host } : {};
  return {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls && { tls: { ...name, ...tls } }),
  };
}
