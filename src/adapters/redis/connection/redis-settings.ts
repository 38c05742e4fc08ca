import { parseTlsSettings, type TlsSettings } from './tls-settings.js';

/** Which Redis to connect to, and how. */
export interface RedisSettings {
  readonly mode: 'single' | 'sentinel' | 'cluster';
  /** The server, the Sentinels, or some nodes of the Cluster. Empty if there is a path. */
  readonly hosts: readonly { readonly host: string; readonly port: number }[];
  /** The server's Unix socket; only with the mode 'single'. */
  readonly path?: string;
  readonly tls: TlsSettings | false;
  readonly username?: string;
  readonly password?: string;
  readonly database: number;
  /** The master's name for the Sentinels. This and the following two: only with the mode 'sentinel'. */
  readonly sentinelName?: string;
  readonly sentinelUsername?: string;
  readonly sentinelPassword?: string;
  readonly keyPrefix: string;
  /**
   * How many replicas must have a write before it is acknowledged. 'all' means all that the master counts as online.
   */
  readonly replicasToWaitFor: number | 'all';
}

/** The environment variables of the settings. */
export type RedisVariable =
  | 'REDIS_URL'
  | 'REDIS_MODE'
  | 'REDIS_PASSWORD_FILE'
  | 'REDIS_SENTINEL_NAME'
  | 'REDIS_SENTINEL_USERNAME'
  | 'REDIS_SENTINEL_PASSWORD'
  | 'REDIS_SENTINEL_PASSWORD_FILE'
  | 'REDIS_TLS_CA_FILE'
  | 'REDIS_TLS_CERT_FILE'
  | 'REDIS_TLS_KEY_FILE'
  | 'REDIS_TLS_SERVERNAME'
  | 'REDIS_KEY_PREFIX'
  | 'REDIS_WAIT_REPLICAS';

/** Where the settings are read from. */
export interface RedisEnvironment {
  /** The value of the variable, or its default. */
  readonly text: (name: RedisVariable) => string | undefined;
  /**
   * The text of the file that a variable names. Undefined without a file, or if it cannot be read, which is reported.
   */
  readonly file: (name: RedisVariable) => string | undefined;
  /** Takes a sentence about what is wrong. None holds a secret. */
  readonly problem: (sentence: string) => undefined;
}

const modes = ['single', 'sentinel', 'cluster'] as const;

/** Parses the settings. If a problem is reported, the result must not be used. */
export function parseRedisSettings(environment: RedisEnvironment): RedisSettings | undefined {
  const { text, problem } = environment;
  const modeText = text('REDIS_MODE') ?? '';
  const mode =
    modes.find((known) => known === modeText) ??
    problem(`REDIS_MODE=${modeText}: expected single, sentinel or cluster.`);
  const address = readAddress(text('REDIS_URL'), mode, problem);
  const tls = parseTlsSettings(environment, address?.tls ?? true);
  const password = readPassword(environment, address?.password);
  const sentinel = mode === undefined ? {} : readSentinel(environment, mode);
  const keyPrefix = text('REDIS_KEY_PREFIX') ?? '';
  // Braces in the prefix would be the hash tag, instead of those around the user's id.
  if (/[{}]/.test(keyPrefix)) problem('REDIS_KEY_PREFIX must not contain { or }.');
  const replicas = text('REDIS_WAIT_REPLICAS') ?? '';
  if (!/^(?:[0-9]|all)$/.test(replicas)) {
    problem(`REDIS_WAIT_REPLICAS=${replicas}: expected a number from 0 to 9, or all.`);
  }
  if (!mode || !address) return undefined;
  return {
    mode,
    ...address,
    ...(password !== undefined && { password }),
    ...sentinel,
    tls,
    keyPrefix,
    replicasToWaitFor: replicas === 'all' ? replicas : Number(replicas),
  };
}

function readPassword(
  { text, file, problem }: RedisEnvironment,
  inUrl: string | undefined,
): string | undefined {
  if (inUrl !== undefined && text('REDIS_PASSWORD_FILE') !== undefined) {
    return problem('REDIS_PASSWORD_FILE is set beside a password in REDIS_URL: keep one of them.');
  }
  return inUrl ?? file('REDIS_PASSWORD_FILE');
}

function readSentinel(
  { text, file, problem }: RedisEnvironment,
  mode: RedisSettings['mode'],
): Pick<RedisSettings, 'sentinelName' | 'sentinelUsername' | 'sentinelPassword'> {
  const credentials = [
    'REDIS_SENTINEL_USERNAME',
    'REDIS_SENTINEL_PASSWORD',
    'REDIS_SENTINEL_PASSWORD_FILE',
  ] as const;
  const given = credentials.filter((name) => text(name) !== undefined);
  if (mode !== 'sentinel') {
    if (given.length > 0) problem(`${given.join(', ')} without Sentinels: set REDIS_MODE=sentinel.`);
    return {};
  }
  const [username, password, passwordFile] = credentials.map(text);
  if (password !== undefined && passwordFile !== undefined) {
    problem('REDIS_SENTINEL_PASSWORD and REDIS_SENTINEL_PASSWORD_FILE are set together: keep one of them.');
  } else if (username !== undefined && given.length === 1) {
    problem('REDIS_SENTINEL_USERNAME needs REDIS_SENTINEL_PASSWORD or REDIS_SENTINEL_PASSWORD_FILE.');
  }
  const name = text('REDIS_SENTINEL_NAME');
  if (name === undefined) {
    problem("REDIS_SENTINEL_NAME is missing: REDIS_MODE=sentinel needs the master's name.");
  }
  const sentinelPassword = password ?? file('REDIS_SENTINEL_PASSWORD_FILE');
  return {
    ...(name !== undefined && { sentinelName: name }),
    ...(username !== undefined && { sentinelUsername: username }),
    ...(sentinelPassword !== undefined && { sentinelPassword }),
  };
}

type Address = Pick<RedisSettings, 'hosts' | 'path' | 'username' | 'password' | 'database'> & {
  readonly tls: boolean;
};

function readAddress(
  url: string | undefined,
  mode: RedisSettings['mode'] | undefined,
  problem: (sentence: string) => undefined,
): Address | undefined {
  if (url === undefined) {
    return problem('REDIS_URL is missing: STORAGE=redis needs it, for example redis://127.0.0.1:6379.');
  }
  const address = parseSocketUrl(url) ?? parseUrl(url, mode === 'sentinel' ? 26_379 : 6379);
  if (!address) {
    return problem(
      'REDIS_URL cannot be read: expected redis://[user:password@]host[:port][,host[:port]...][/database], or unix://[user:password@]/path[?db=database].',
    );
  }
  if (mode === 'single' && address.hosts.length > 1) {
    return problem('REDIS_URL names several hosts: set REDIS_MODE to cluster or sentinel.');
  }
  if (mode !== 'single' && address.path !== undefined) {
    return problem(`REDIS_URL is a unix socket: REDIS_MODE=${mode ?? ''} needs hosts.`);
  }
  if (mode === 'cluster' && address.database !== 0) {
    return problem('REDIS_URL names a database: a Redis Cluster has only database 0.');
  }
  return address;
}

/** `unix:///path`, `redis+unix:///path`, or the path alone. */
function parseSocketUrl(url: string): Address | undefined {
  const match = /^(?:(?:redis\+)?unix:\/\/(?:([^@/]*)@)?)?(\/[^?#]+)(?:\?db=(\d+))?$/.exec(url);
  if (!match) return undefined;
  const [, credentials, path = '', database = ''] = match;
  return {
    hosts: [],
    path: decodePercent(path),
    tls: false,
    ...parseCredentials(credentials),
    database: Number(database),
  };
}

function parseUrl(url: string, defaultPort: number): Address | undefined {
  const match = /^(rediss?):\/\/(?:([^@/]*)@)?([^@/?#]+)(?:\/(\d*))?$/.exec(url);
  if (!match) return undefined;
  const [, scheme, credentials, hostList = '', database = ''] = match;
  const hosts = hostList.split(',').map((host) => parseHost(host, defaultPort));
  if (!hosts.every((host) => host !== undefined)) return undefined;
  return {
    hosts,
    tls: scheme === 'rediss',
    ...parseCredentials(credentials),
    database: Number(database),
  };
}

function parseCredentials(text = ''): Pick<RedisSettings, 'username' | 'password'> {
  const [username, password] = text.split(/:(.*)/s).map(decodePercent);
  return { ...(username && { username }), ...(password && { password }) };
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
