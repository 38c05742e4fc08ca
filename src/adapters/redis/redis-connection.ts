import { setTimeout } from 'node:timers/promises';
import { Cluster, Redis, ReplyError, type RedisOptions } from 'ioredis';
import type { Log } from '../../application/ports.js';
import { StorageUnavailable } from '../../domain/errors.js';
import type { RedisSettings } from './redis-settings.js';

/** A client of any of the three modes; the commands are the same. */
export type RedisClient = Redis | Cluster;

/**
 * A client that fails fast and comes back by itself. Resolves once the first attempt has succeeded or failed; the log
 * says when Redis cannot be reached, and when it can be again.
 */
export async function connect(settings: RedisSettings, log: Log): Promise<RedisClient> {
  const client = settings.mode === 'cluster' ? connectToCluster(settings) : connectToServer(settings);
  logReachability(client, log);
  if (client instanceof Cluster) client.on('+node', writeOncePerTurn);
  else writeOncePerTurn(client);
  // A failure comes with the event 'error' as well, and a Cluster's promise may never settle.
  const firstAttempt = client.connect().catch(() => undefined);
  await Promise.race([firstAttempt, setTimeout(patience.connectTimeout, undefined, { ref: false })]);
  return client;
}

/** Lets the commands of all requests of one turn of the event loop leave in one write, for writing is what costs. */
function writeOncePerTurn(connection: Redis): void {
  connection.on('connect', () => {
    const socket = connection.stream;
    const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
    socket.write = (...args: unknown[]) => {
      if (socket.writableCorked === 0) {
        socket.cork();
        setImmediate(() => socket.uncork());
      }
      return write(...args);
    };
  });
}

/** Waits for a command. Whatever goes wrong with it becomes StorageUnavailable: raw errors carry the command's arguments. */
export async function answered<T>(command: Promise<T>): Promise<T> {
  try {
    return await command;
  } catch (error) {
    throw new StorageUnavailable(reasonOf(error));
  }
}

/** Lets go of the connection; politely, if there is one. */
export async function disconnect(client: RedisClient): Promise<void> {
  await client.quit().catch(() => client.disconnect());
}

// The library's defaults would wait for minutes, queue without a bound, and follow a demoted master.
const patience = {
  connectTimeout: 2000,
  commandTimeout: 1000,
  socketTimeout: 3000,
  maxRetriesPerRequest: 0,
  enableOfflineQueue: false,
  reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
} satisfies RedisOptions;

/** Milliseconds before the next attempt: from 50 to 1000, doubling, with jitter so that many servers do not come at once. */
function backoff(attempt: number): number {
  return Math.min(50 * 2 ** (attempt - 1), 800) * (0.75 + Math.random() / 2);
}

function connectToServer(settings: RedisSettings): Redis {
  const [first] = settings.hosts;
  return new Redis({
    ...patience,
    ...credentials(settings),
    ...(settings.mode === 'sentinel'
      ? {
          sentinels: [...settings.hosts],
          name: settings.sentinelName ?? '',
          failoverDetector: true,
          sentinelRetryStrategy: backoff,
        }
      : { ...first }),
    db: settings.database,
    retryStrategy: backoff,
    lazyConnect: true,
  });
}

function connectToCluster(settings: RedisSettings): Cluster {
  return new Cluster([...settings.hosts], {
    redisOptions: { ...patience, ...credentials(settings) },
    enableOfflineQueue: false,
    clusterRetryStrategy: backoff,
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

function logReachability(client: RedisClient, log: Log): void {
  let reachable: boolean | undefined;
  client.on('error', (error: unknown) => {
    if (reachable === false) return;
    reachable = false;
    const reason = reasonOf(error);
    const advice = /^(NOAUTH|WRONGPASS|NOPERM)$/.test(reason) ? ' Check the credentials in REDIS_URL.' : '';
    log.warn({ reason }, `Redis cannot be reached (${reason}); answering 503 until it can.${advice}`);
  });
  client.on('ready', () => {
    if (reachable === false) log.info({}, 'Redis can be reached again.');
    reachable = true;
  });
}

/** One word for the log: Redis' own code, the system's, or what the client library gave up on. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  if (error instanceof ReplyError) return /^[A-Z]+/.exec(error.message)?.[0] ?? 'reply';
  if ('code' in error && typeof error.code === 'string') return error.code;
  if (error.message === 'Command timed out') return 'timeout';
  return error.message.startsWith("Stream isn't writeable") ? 'not connected' : error.name;
}
