import { setTimeout } from 'node:timers/promises';
import { Cluster, Redis, ReplyError, type RedisOptions } from 'ioredis';
import type { Log } from '../../application/ports.js';
import { StorageUnavailable } from '../../domain/errors.js';
import type { RedisSettings } from './redis-settings.js';

/** A client of any of the three modes; the commands are the same. */
export type RedisClient = Redis | Cluster;

/** A Lua script that runs as one step. The first `numberOfKeys` of its arguments are keys, at least one. */
export interface Script {
  readonly numberOfKeys: number;
  readonly lua: string;
  /** The SHA-1 of `lua`, by which a server calls a script that it knows. */
  readonly sha: string;
}

/**
 * The connection to Redis. It fails fast and comes back by itself. Whatever goes wrong becomes StorageUnavailable, for
 * raw errors carry the command's arguments. The log says when Redis cannot be reached, and when it can be again.
 */
export class RedisConnection {
  private constructor(
    private readonly client: RedisClient,
    private readonly replicasToWaitFor: number,
  ) {}

  /** Resolves once the first attempt has succeeded or failed. */
  static async open(settings: RedisSettings, log: Log): Promise<RedisConnection> {
    const client = settings.mode === 'cluster' ? connectToCluster(settings) : connectToServer(settings);
    logReachability(client, log);
    if (client instanceof Cluster) client.on('+node', writeOncePerTurn);
    else writeOncePerTurn(client);
    // A failure comes with the event 'error' as well, and a Cluster's promise may never settle.
    const firstAttempt = client.connect().catch(() => undefined);
    await Promise.race([firstAttempt, setTimeout(patience.connectTimeout, undefined, { ref: false })]);
    return new RedisConnection(client, settings.replicasToWaitFor);
  }

  /** Sends a command that changes nothing which must not get lost. */
  async send<T>(command: (client: RedisClient) => Promise<T>): Promise<T> {
    try {
      return await command(this.client);
    } catch (error) {
      throw new StorageUnavailable(reasonOf(error));
    }
  }

  /** Runs a script; resolves when as many replicas as are to be waited for have what it wrote. */
  async run(script: Script, args: readonly [key: string, ...(string | number)[]]): Promise<unknown> {
    const reply = await this.send((client) => call(client, script, args));
    if (this.replicasToWaitFor > 0) await this.waitForReplicas(args[0]);
    return reply;
  }

  /** Lets go of the connection; politely, if there is one. */
  async close(): Promise<void> {
    await this.client.quit().catch(() => this.client.disconnect());
  }

  /** WAIT goes by what was written before the last command of its own connection: EXISTS makes sure of that command. */
  private async waitForReplicas(key: string): Promise<void> {
    const waiting = (client: RedisClient) =>
      client.pipeline().exists(key).wait(this.replicasToWaitFor, replicationTimeout).exec();
    const [, [, confirmed] = []] = (await this.send(waiting)) ?? [];
    if (Number(confirmed ?? 0) < this.replicasToWaitFor) throw new StorageUnavailable('not replicated');
  }
}

/** Calls a script by its SHA-1, and by its text where the server does not know it yet. */
async function call(
  client: RedisClient,
  { sha, lua, numberOfKeys }: Script,
  args: readonly (string | number)[],
): Promise<unknown> {
  try {
    return await client.evalsha(sha, numberOfKeys, ...args);
  } catch (error) {
    const isUnknown = error instanceof Error && error.message.startsWith('NOSCRIPT');
    if (isUnknown) return client.eval(lua, numberOfKeys, ...args);
    throw error;
  }
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

/** Milliseconds that replicas have to confirm a write. */
const replicationTimeout = 500;

// The library's defaults would wait for minutes, queue without a bound, and follow a demoted master. Redis answers in
// order, so that one timer per connection does for all of its commands; a timer per command costs a tenth of a request.
const patience = {
  connectTimeout: 2000,
  socketTimeout: 1000,
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
  return error.message.includes('enableOfflineQueue') ? 'not connected' : error.name;
}
