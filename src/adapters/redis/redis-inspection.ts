import type { Redis } from 'ioredis';
import type { Clock } from '../../application/ports/environment.js';
import type { Finding } from '../../application/ports/storage.js';
import { mastersOf } from './connection/redis-client.js';
import type { RedisConnection } from './connection/redis-connection.js';
import type { RedisSettings } from './connection/redis-settings.js';
import type { Keys } from './keys.js';

/** The version that the tests run on. */
const triedVersion = '7.0';

/** Seconds by which the clocks may differ. */
const maxDifference = 5;

/** The share of Redis' memory above which writes may soon be rejected. */
const fullShare = 0.9;

/** What an operator should know of the Redis that is configured, beyond what the health check says. */
export async function inspectRedis(
  redis: RedisConnection,
  settings: RedisSettings,
  keys: Keys,
  clock: Clock,
): Promise<readonly Finding[]> {
  const servers = mastersOf(redis.client.client);
  const found = await Promise.all(servers.map((server) => inspectServer(server, settings, clock)));
  const lastUserId = await redis.send((each) => each.get(keys.userIds));
  return [data(lastUserId, settings), transport(settings), ...found.flat()];
}

function data(lastUserId: string | null, { keyPrefix, database }: RedisSettings): Finding {
  const where = `under the prefix ${keyPrefix} in database ${database}`;
  return lastUserId === null
    ? warning('data', `No user was ever stored ${where}: check REDIS_URL and REDIS_KEY_PREFIX.`)
    : ok('data', `Users are stored ${where}, in the layout of this version.`);
}

function transport({ tls, path, hosts }: RedisSettings): Finding {
  if (tls) return ok('tls', 'Redis is spoken to over TLS.');
  const isLocal = path !== undefined || hosts.every(({ host }) => /^(?:127\.|::1$|localhost$)/.test(host));
  return isLocal
    ? ok('tls', 'Redis is on this machine and needs no TLS.')
    : warning('tls', 'Redis is spoken to in plain text: use rediss:// in REDIS_URL, or a private network.');
}

async function inspectServer(server: Redis, settings: RedisSettings, clock: Clock): Promise<Finding[]> {
  const text = await server.info().catch(() => '');
  const value = (name: string) => new RegExp(`^${name}:(.*?)\r?$`, 'm').exec(text)?.[1];
  const version = value('redis_version');
  if (version === undefined) {
    return [warning('version', 'Redis tells nothing about itself: allow its user to run INFO.')];
  }
  return [
    versionFinding(version),
    memory(Number(value('used_memory')), Number(value('maxmemory'))),
    replicas(value('role') ?? '', Number(value('connected_slaves')), settings.replicasToWaitFor),
    clocks(clock() - Number(value('server_time_usec')) / 1e6),
  ];
}

function versionFinding(version: string): Finding {
  return version.startsWith(`${triedVersion}.`)
    ? ok('version', `Redis ${version}.`)
    : warning('version', `Redis ${version} was not tried, ${triedVersion} was: run the tests on yours.`);
}

function memory(used: number, max: number): Finding {
  if (max === 0) return ok('memory', `${megabytes(used)} are used, and maxmemory sets no limit.`);
  const message = `${megabytes(used)} of ${megabytes(max)} are used`;
  return used / max < fullShare
    ? ok('memory', `${message}.`)
    : warning('memory', `${message}: raise maxmemory, or writes will be rejected.`);
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)} MB`;
}

function replicas(role: string, count: number, toWaitFor: RedisSettings['replicasToWaitFor']): Finding {
  if (role !== 'master')
    return problem('replicas', 'Redis is a replica and takes no writes: name the master.');
  const needed = toWaitFor === 'all' ? 1 : toWaitFor;
  if (count < needed) {
    const message = `${count} replicas are connected, and REDIS_WAIT_REPLICAS=${toWaitFor} needs ${needed}`;
    return problem('replicas', `${message}: writes get 503 until there are more.`);
  }
  return count > 0 && needed === 0
    ? warning('replicas', 'A failover may lose acknowledged writes: set REDIS_WAIT_REPLICAS.')
    : ok('replicas', `${count} replicas are connected.`);
}

function clocks(difference: number): Finding {
  const seconds = Math.abs(difference);
  if (!Number.isFinite(seconds)) return ok('clock', 'Redis does not tell its time.');
  return seconds <= maxDifference
    ? ok('clock', 'The clocks of this machine and of Redis agree.')
    : warning('clock', `The clocks differ by ${Math.round(seconds)} s: synchronise them, for tokens expire.`);
}

const ok = (about: string, message: string): Finding => ({ level: 'ok', about, message });
const warning = (about: string, message: string): Finding => ({ level: 'warning', about, message });
const problem = (about: string, message: string): Finding => ({ level: 'problem', about, message });
