import { availableParallelism } from 'node:os';
import {
  algorithms,
  type Algorithm,
  type LegacyTokens,
  type SigningKeys,
} from '../adapters/crypto/signing-key.js';
import type { AllowedOrigins } from '../adapters/http/middleware/cors.js';
import { parseTrustedProxies, type TrustedProxies } from '../adapters/http/request/client-address.js';
import {
  parseRedisSettings,
  type RedisSettings,
  type RedisVariable,
} from '../adapters/redis/connection/redis-settings.js';
import type { Registration } from '../application/register-user.js';
import { parseOrigins } from './parse-origins.js';
import {
  parseBoolean,
  parseDuration,
  parseRateLimit,
  parseSchemes,
  parseSize,
  parseSwitch,
  parseWhole,
} from './parse-values.js';
import type { AttemptLimits } from '../domain/rate-limit.js';
import type { SessionPolicy } from '../domain/session.js';
import type { TaskLimits } from '../domain/task.js';
import { isReadableByOthers } from './keys-file.js';
import { readLegacyTokens, warningsAboutLegacyTokens } from './legacy-tokens.js';
import { misspeltNames } from './misspelt-names.js';
import { readSettingFile } from './read-setting-file.js';
import { readSigningKeys } from './signing-keys.js';
import { hidePasswords } from './hide-passwords.js';
import { variableNames, variables, type VariableName } from './variables.js';

/** How many idempotency keys of one user are stored per day. */
const idempotencyKeysPerDay = 10_000;

const registrations: readonly Registration[] = ['open', 'closed'];
const eventLoggings = ['on', 'digest', 'off'] as const;
const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** Where the data lives. */
export type StorageChoice =
  | { readonly kind: 'memory' }
  | { readonly kind: 'redis'; readonly redis: RedisSettings }
  | { readonly kind: 'module'; readonly specifier: string };

/** The settings of a process, all of them valid. */
export interface Config {
  readonly host: string;
  readonly port: number;
  /** The unix socket to listen on, instead of a host and a port. */
  readonly socketPath: string | undefined;
  readonly storage: StorageChoice;
  /** Undefined with the storage in memory, which may use a random key, and where no keys were read. */
  readonly signingKeys: SigningKeys | undefined;
  /** The file that SIGHUP reloads, if there is one. */
  readonly signingKeysFile: string | undefined;
  /** Whether tokens of the replaced backend are accepted. */
  readonly legacyTokens: LegacyTokens | undefined;
  /** The algorithm of a random key. */
  readonly algorithm: Algorithm;
  readonly sessions: SessionPolicy;
  readonly taskLimits: TaskLimits;
  readonly registration: Registration;
  readonly limits: AttemptLimits;
  readonly bcryptCost: number;
  /** In bytes. */
  readonly bodyLimit: number;
  /** How many processes serve requests. */
  readonly workers: number;
  /** Seconds between SIGTERM and the shutdown. */
  readonly shutdownDelay: number;
  /** The proxies whose X-Forwarded-For is trusted; 0 for none. */
  readonly trustedProxies: TrustedProxies;
  /** The schemes that may stand before an access token; the first is named by a 401. */
  readonly authHeaderTypes: readonly [string, ...string[]];
  /** The origins whose pages may call the API. */
  readonly corsOrigins: AllowedOrigins;
  /** Whether common requests skip parts of Koa and its router. */
  readonly fastPaths: boolean;
  /** Whether there is a page for people. */
  readonly web: boolean;
  /** Whether there is a user that everybody may sign in as. Only with the storage in memory. */
  readonly demo: boolean;
  /** Where the metrics are served; undefined if nothing is measured. */
  readonly metrics: { readonly host: string; readonly port: number } | undefined;
  /** Whether events are logged; `digest` puts digests in the place of names that clients sent. */
  readonly logEvents: (typeof eventLoggings)[number];
  readonly logLevel: (typeof logLevels)[number];
  /** The names of the settings that differ from their defaults, sorted. */
  readonly changedSettings: readonly VariableName[];
  /** Messages about settings that are valid but risky. */
  readonly warnings: readonly string[];
}

/** Thrown with all problems of the environment, one message each. No message repeats a secret. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super();
    this.problems = problems.map(hidePasswords);
  }
}

/**
 * Reads the settings from an environment. Throws ConfigError. Empty variables count as not set. Without `readKeys`, no
 * signing key is read or required.
 */
export function readConfig(
  environment: Readonly<Record<string, string | undefined>>,
  { readKeys = true } = {},
): Config {
  const problems: string[] = [];
  const reportProblem = (message: string): undefined => void problems.push(message);
  const text = (name: VariableName) => environment[name]?.trim() || undefined;

  function value<T>(
    name: VariableName,
    parse: (text: string) => T | undefined,
    expected: string,
  ): T | undefined {
    const given = text(name) ?? variables[name].default;
    return parse(given) ?? reportProblem(`${name}=${given}: expected ${expected}.`);
  }
  const duration = (name: VariableName, min: number) =>
    value(name, (given) => parseDuration(given, min), 'a whole number and a unit: 90s, 30m, 12h, 7d');

  const number = (name: VariableName, min: number, max: number) =>
    value(name, (given) => parseWhole(given, min, max), `a whole number from ${min} to ${max}`);

  const size = (name: VariableName, max: number, expected: string) =>
    value(name, (given) => parseSize(given, max), expected);

  const limit = (name: VariableName) =>
    value(name, parseRateLimit, 'a number and a time: 30/5m, 100/1h; or off') ?? 'off';
  const signIn = limit('THROTTLE_SIGN_IN');
  const limitUnlessOff = (name: VariableName) =>
    signIn === 'off' && text(name) === undefined ? 'off' : limit(name);

  const storage = readStorage(text, reportProblem);
  const inMemory = storage?.kind === 'memory';
  const algorithm = value('ALGORITHM', parseAlgorithm, algorithms.join(', '));
  const signingKeys = readKeys ? readSigningKeys(text, algorithm, !inMemory, reportProblem) : undefined;
  const now = Date.now() / 1000;
  const config: { [K in keyof Config]: Config[K] | undefined } = {
    host: text('HOST') ?? (inMemory ? '127.0.0.1' : '0.0.0.0'),
    port: value('PORT', (given) => parseWhole(given, 0, 65_535), 'a port from 0 to 65535'),
    socketPath: readSocketPath(text('HOST'), reportProblem),
    storage,
    signingKeys,
    signingKeysFile: text('SIGNING_KEYS_FILE'),
    legacyTokens: readKeys ? readLegacyTokens(text, signingKeys, now, reportProblem) : undefined,
    algorithm,
    sessions: {
      accessLifetime: duration('ACCESS_TOKEN_LIFETIME', 1) ?? 0,
      refreshLifetime: duration('REFRESH_TOKEN_LIFETIME', 1) ?? 0,
      sessionLifetime: duration('SESSION_LIFETIME', 1) ?? 0,
      rotate: value('ROTATE_REFRESH_TOKENS', parseBoolean, 'true or false') ?? false,
      grace: duration('REFRESH_GRACE', 0) ?? 0,
      maxPerUser: number('MAX_SESSIONS_PER_USER', 1, 1_000) ?? 0,
    },
    taskLimits: {
      tasks: number('MAX_TASKS_PER_USER', 1, 10_000_000) ?? 0,
      bytes: size('MAX_BYTES_PER_USER', 2 ** 40, 'a size from 1kb to 1024gb: 500kb, 64mb, 1gb') ?? 0,
      idempotencyKeys: idempotencyKeysPerDay,
    },
    registration: value(
      'REGISTRATION',
      (given) => registrations.find((choice) => choice === given),
      'open or closed',
    ),
    limits: {
      signIn,
      signInUsername: limitUnlessOff('THROTTLE_SIGN_IN_USERNAME'),
      signInAddress: limitUnlessOff('THROTTLE_SIGN_IN_ADDRESS'),
      register: limit('THROTTLE_REGISTER'),
      refresh: limit('THROTTLE_REFRESH'),
    },
    bcryptCost: number('BCRYPT_COST', 4, 15),
    bodyLimit: size('BODY_LIMIT', 64 * 2 ** 20, 'a size from 1kb to 64mb: 65536b, 100kb, 1mb'),
    shutdownDelay: value(
      'SHUTDOWN_DELAY',
      (given) => parseDuration(given, 0, 3600),
      'a time up to 1h: 5s, 30s; or 0',
    ),
    workers: value('WORKERS', parseWorkers, 'a number from 1 to 256, or auto'),
    trustedProxies: value(
      'TRUST_PROXY',
      parseTrustedProxies,
      'none, a number of proxies from 0 to 16, or addresses and ranges by comma: 10.0.0.0/8, 127.0.0.1',
    ),
    authHeaderTypes: value('AUTH_HEADER_TYPES', parseSchemes, 'schemes by comma, such as Bearer,JWT'),
    corsOrigins: readOrigins(text('CORS_ORIGINS'), inMemory, reportProblem),
    fastPaths: value('FAST_PATHS', parseSwitch, 'on or off'),
    web: text('WEB') === undefined ? inMemory : value('WEB', parseSwitch, 'on or off'),
    demo: value('DEMO', parseSwitch, 'on or off'),
    metrics: readMetrics(text, reportProblem),
    logEvents: value(
      'LOG_EVENTS',
      (given) => eventLoggings.find((choice) => choice === given),
      'on, digest or off',
    ),
    logLevel: value('LOG_LEVEL', (given) => logLevels.find((level) => level === given), logLevels.join(', ')),
    changedSettings: variableNames
      .filter((name) => (text(name) ?? variables[name].default) !== variables[name].default)
      .toSorted(),
    warnings: [],
  };
  if (inMemory && config.workers !== undefined && config.workers > 1) {
    reportProblem(
      `WORKERS=${text('WORKERS')}: with STORAGE=memory each worker would have data of its own; use STORAGE=redis.`,
    );
  }
  if (config.demo && storage && !inMemory) {
    reportProblem('DEMO=on: everybody knows the password of the user demo; use it with STORAGE=memory only.');
  }
  const misspelt = misspeltNames(environment, variableNames);
  if (problems.length > 0) throw new ConfigError([...problems, ...misspelt]);
  const warnings = [...misspelt, ...warningsAbout(config as Config)];
  if (config.legacyTokens) warnings.push(...warningsAboutLegacyTokens(config.legacyTokens, now));
  if (readKeys) warnings.push(...warningsAboutFiles(text));
  return { ...(config as Config), warnings };
}

/** The path in `unix:/path`; undefined for a host. */
function readSocketPath(
  host: string | undefined,
  reportProblem: (message: string) => undefined,
): string | undefined {
  const [, path] = /^unix:(?:\/\/)?(.*)$/.exec(host ?? '') ?? [];
  if (path === undefined || (path.startsWith('/') && Buffer.byteLength(path) <= 103)) return path;
  return reportProblem(`HOST=${host}: expected unix: and an absolute path of at most 103 bytes.`);
}

function readStorage(
  text: (name: VariableName) => string | undefined,
  reportProblem: (message: string) => undefined,
): StorageChoice | undefined {
  const storage = text('STORAGE');
  if (storage === undefined) {
    const unused = variableNames.filter((name) => name.startsWith('REDIS_') && text(name) !== undefined);
    if (unused.length === 0) return { kind: 'memory' };
    return reportProblem(`${unused.join(', ')} without STORAGE: set STORAGE=redis, or leave this out.`);
  }
  if (storage === 'memory') return { kind: 'memory' };
  if (/^(?:memory|redis)$/.test(storage.toLowerCase()) && storage !== 'redis') {
    return reportProblem(`STORAGE=${storage}: write it in lower case, ${storage.toLowerCase()}.`);
  }
  if (/^rediss?:/i.test(storage))
    return reportProblem('STORAGE is a URL: set STORAGE=redis, and REDIS_URL to this.');
  if (/^(?!file:)[a-z][\w+.-]*:/i.test(storage)) {
    return reportProblem(
      'STORAGE is a URL: expected memory, redis, a package, or a path that starts with ./ or /.',
    );
  }
  if (storage !== 'redis') return { kind: 'module', specifier: storage };
  const defaults: { readonly [K in RedisVariable]?: string } = {
    REDIS_MODE: variables.REDIS_MODE.default,
    REDIS_KEY_PREFIX: variables.REDIS_KEY_PREFIX.default,
    REDIS_WAIT_REPLICAS: variables.REDIS_WAIT_REPLICAS.default,
  };
  const redisUrl = readRedisUrl(text, reportProblem);
  const redis = parseRedisSettings({
    text: (name) => (name === 'REDIS_URL' ? redisUrl : (text(name) ?? defaults[name])),
    file(name) {
      const path = text(name);
      return path === undefined ? undefined : readSettingFile(name, path, reportProblem);
    },
    problem: reportProblem,
  });
  return redis && { kind: 'redis', redis };
}

function readMetrics(
  text: (name: VariableName) => string | undefined,
  reportProblem: (message: string) => undefined,
): Config['metrics'] {
  const given = text('METRICS_PORT') ?? variables.METRICS_PORT.default;
  if (given === 'off') return undefined;
  const port = parseWhole(given, 0, 65_535);
  if (port === undefined)
    return reportProblem(`METRICS_PORT=${given}: expected a port from 0 to 65535, or off.`);
  return { host: text('METRICS_HOST') ?? variables.METRICS_HOST.default, port };
}

/** The URL, from REDIS_URL or from the file that REDIS_URL_FILE names. */
function readRedisUrl(
  text: (name: VariableName) => string | undefined,
  reportProblem: (message: string) => undefined,
): string | undefined {
  const [url, file] = [text('REDIS_URL'), text('REDIS_URL_FILE')];
  if (file === undefined) return url;
  if (url === undefined) return readSettingFile('REDIS_URL_FILE', file, reportProblem);
  reportProblem('REDIS_URL and REDIS_URL_FILE are set together: keep one of them.');
  return url;
}

function readOrigins(
  text: string | undefined,
  inMemory: boolean,
  reportProblem: (message: string) => undefined,
): AllowedOrigins | undefined {
  // In memory nothing lasts, and somebody tries a page of their own.
  if (text === undefined) return inMemory ? 'localhost' : [];
  return parseOrigins(text, reportProblem);
}

function parseAlgorithm(text: string): Algorithm | undefined {
  return algorithms.find((algorithm) => algorithm === text);
}

function parseWorkers(text: string): number | undefined {
  return text === 'auto' ? availableParallelism() : parseWhole(text, 1, 256);
}

/** Files with secrets should be readable only by the server's own user or group. */
function warningsAboutFiles(text: (name: VariableName) => string | undefined): string[] {
  const files = variableNames.filter((name) => /(?:KEYS?|PASSWORD|URL)_FILE$/.test(name));
  return files.flatMap((name) => {
    const path = text(name);
    const isOpen = path !== undefined && isReadableByOthers(path);
    return isOpen ? [`${name}=${path} can be read or changed by every user: chmod o= ${path}`] : [];
  });
}

function warningsAbout({ bcryptCost, limits, storage, socketPath, trustedProxies }: Config): string[] {
  const onSocket =
    socketPath !== undefined && trustedProxies === 0
      ? [`HOST=unix:${socketPath} with TRUST_PROXY=none: all clients count as one. Set TRUST_PROXY=1.`]
      : [];
  if (storage.kind === 'memory') return onSocket;
  return [
    ...onSocket,
    bcryptCost < 10 &&
      `BCRYPT_COST=${bcryptCost} makes stolen password hashes cheap to guess; use 10 or more.`,
    limits.signIn === 'off' &&
      limits.signInUsername === 'off' &&
      'THROTTLE_SIGN_IN=off lets anybody guess passwords as often as they like.',
  ].filter((message) => message !== false);
}
