/** Which Redis to talk to, and how. */
export interface RedisSettings {
  readonly mode: 'single' | 'sentinel' | 'cluster';
  /** The server, the sentinels, or some of the cluster's nodes. */
  readonly hosts: readonly { readonly host: string; readonly port: number }[];
  readonly tls: boolean;
  readonly username?: string;
  readonly password?: string;
  readonly database: number;
  /** The name under which the sentinels know the master; with the mode 'sentinel' only. */
  readonly sentinelName?: string;
  readonly keyPrefix: string;
  /** How many replicas must have a write before it is acknowledged. */
  readonly replicasToWaitFor: number;
}

/** The settings as texts of the environment. */
export interface RedisTexts {
  readonly url: string | undefined;
  readonly mode: string;
  readonly sentinelName: string | undefined;
  readonly keyPrefix: string;
  readonly replicasToWaitFor: string;
}

const modes = ['single', 'sentinel', 'cluster'] as const;

/** Reads the settings, undefined if there is a problem. Problems are told without the URL, which may hold a password. */
export function parseRedisSettings(
  { url, mode: modeText, sentinelName, keyPrefix, replicasToWaitFor }: RedisTexts,
  problem: (sentence: string) => undefined,
): RedisSettings | undefined {
  const mode =
    modes.find((known) => known === modeText) ??
    problem(`REDIS_MODE=${modeText}: expected single, sentinel or cluster.`);
  const address = readAddress(url, mode, problem);
  const isNamed = mode !== 'sentinel' || sentinelName !== undefined;
  if (!isNamed) problem("REDIS_SENTINEL_NAME is missing: REDIS_MODE=sentinel needs the master's name.");
  // The braces of a prefix would decide about the slot, instead of those around the user's id.
  const hasBraces = /[{}]/.test(keyPrefix);
  if (hasBraces) problem('REDIS_KEY_PREFIX must not contain { or }.');
  const isNumber = /^[0-9]$/.test(replicasToWaitFor);
  if (!isNumber) problem(`REDIS_WAIT_REPLICAS=${replicasToWaitFor}: expected a number from 0 to 9.`);

  if (!mode || !address || !isNamed || hasBraces || !isNumber) return undefined;
  const name = sentinelName === undefined ? {} : { sentinelName };
  return { mode, ...address, ...name, keyPrefix, replicasToWaitFor: Number(replicasToWaitFor) };
}

function readAddress(
  url: string | undefined,
  mode: RedisSettings['mode'] | undefined,
  problem: (sentence: string) => undefined,
): Address | undefined {
  if (url === undefined) {
    return problem('REDIS_URL is missing: STORAGE=redis needs it, for example redis://127.0.0.1:6379.');
  }
  const address = parseUrl(url, mode === 'sentinel' ? 26_379 : 6379);
  if (!address) {
    return problem(
      'REDIS_URL cannot be read: expected redis://[user:password@]host[:port][,host[:port]...][/database].',
    );
  }
  if (mode === 'single' && address.hosts.length > 1) {
    return problem('REDIS_URL names several hosts: set REDIS_MODE to cluster or sentinel.');
  }
  if (mode === 'cluster' && address.database !== 0) {
    return problem('REDIS_URL names a database: a Redis Cluster has only database 0.');
  }
  return address;
}

type Address = Pick<RedisSettings, 'hosts' | 'tls' | 'username' | 'password' | 'database'>;

function parseUrl(url: string, defaultPort: number): Address | undefined {
  const match = /^(rediss?):\/\/(?:([^@/]*)@)?([^@/?#]+)(?:\/(\d*))?$/.exec(url);
  if (!match) return undefined;
  const [, scheme, credentials = '', hostList = '', database = ''] = match;
  const hosts = hostList.split(',').map((host) => parseHost(host, defaultPort));
  if (!hosts.every((host) => host !== undefined)) return undefined;
  const [username, password] = credentials.split(/:(.*)/s).map(decodePercent);
  return {
    hosts,
    tls: scheme === 'rediss',
    ...(username && { username }),
    ...(password && { password }),
    database: Number(database),
  };
}

function parseHost(text: string, defaultPort: number): RedisSettings['hosts'][number] | undefined {
  const [, bracketed, plain, port] = /^(?:\[([0-9a-fA-F:]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (Number(port ?? 1) < 1 || Number(port ?? 1) > 65_535) return undefined;
  return host === undefined ? undefined : { host, port: port === undefined ? defaultPort : Number(port) };
}

function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
