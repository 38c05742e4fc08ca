/** All settings, each an environment variable with its default and its description, in the order of `help settings`. */
export const variables = {
  HEXADO_CONFIG: {
    default: 'none',
    description:
      'file of settings, one NAME=value per line; those of the environment win; so does --env-file FILE',
  },
  HOST: {
    default: '127.0.0.1 in memory, else 0.0.0.0',
    description: 'address to listen on, or unix:/path of a socket',
  },
  PORT: { default: '3000', description: 'port to listen on; 0 takes a free one' },
  STORAGE: {
    default: 'memory',
    description: 'memory, redis, or a module of your own: a package, or a path that starts with ./ or /',
  },
  REDIS_URL: {
    default: 'none',
    description:
      'redis://[user:password@]host[:port][,host[:port]...][/database]; rediss:// for TLS; unix:///path?db=0',
  },
  REDIS_URL_FILE: { default: 'none', description: 'file that holds the URL, if it has a password' },
  REDIS_MODE: { default: 'single', description: 'single, sentinel or cluster' },
  REDIS_PASSWORD_FILE: {
    default: 'none',
    description: 'file that holds the password, instead of one in REDIS_URL',
  },
  REDIS_SENTINEL_NAME: { default: 'none', description: "the master's name, with REDIS_MODE=sentinel" },
  REDIS_SENTINEL_USERNAME: { default: 'none', description: 'user of the Sentinels themselves' },
  REDIS_SENTINEL_PASSWORD: { default: 'none', description: 'password of the Sentinels themselves' },
  REDIS_SENTINEL_PASSWORD_FILE: {
    default: 'none',
    description: 'file that holds the password of the Sentinels',
  },
  REDIS_TLS_CA_FILE: {
    default: 'those that Node knows',
    description: "certificates that Redis' own is signed by, as PEM; with rediss:// in REDIS_URL",
  },
  REDIS_TLS_CERT_FILE: { default: 'none', description: 'certificate to show to Redis, as PEM' },
  REDIS_TLS_KEY_FILE: { default: 'none', description: 'private key of that certificate, as PEM' },
  REDIS_TLS_SERVERNAME: { default: 'host in REDIS_URL', description: "name in Redis' certificate" },
  REDIS_KEY_PREFIX: { default: 'hexado:', description: 'what every key in Redis starts with' },
  REDIS_WAIT_REPLICAS: {
    default: '0',
    description:
      'how many replicas must have a write before it is acknowledged; all: those that are online, at least one',
  },
  SIGNING_KEY: {
    default: 'random in memory',
    description: 'secret that signs the tokens, at least 32 bytes',
  },
  SIGNING_KEY_FILE: { default: 'none', description: 'file that holds the signing key' },
  SIGNING_KEYS_FILE: {
    default: 'none',
    description: 'file of several keys, made by the command keys new and read again at SIGHUP',
  },
  LEGACY_SIGNING_KEY: {
    default: 'the signing key without kid',
    description: 'secret of the replaced backend, with ACCEPT_LEGACY_TOKENS_UNTIL: the SECRET_KEY of Django',
  },
  LEGACY_SIGNING_KEY_FILE: { default: 'none', description: 'file that holds this secret' },
  ACCEPT_LEGACY_TOKENS_UNTIL: {
    default: 'never',
    description:
      'last day, such as 2027-01-31, on which tokens of the replaced backend work; at most 100 days ahead',
  },
  ALGORITHM: {
    default: 'HS256',
    description: 'HS256, or RS256 or ES256 with a private key as PEM; of a single key and of new ones',
  },
  ACCESS_TOKEN_LIFETIME: {
    default: '30m',
    description: 'how long an access token is good: 90s, 30m, 12h, 7d',
  },
  REFRESH_TOKEN_LIFETIME: { default: '1d', description: 'how long a refresh token is good' },
  SESSION_LIFETIME: {
    default: '30d',
    description: 'how long after sign-in a session ends at the latest, when refresh tokens rotate',
  },
  ROTATE_REFRESH_TOKENS: {
    default: 'false',
    description: 'true: every refresh token works once and returns its successor',
  },
  REFRESH_GRACE: {
    default: '10s',
    description:
      'how long a rotated-out refresh token still gets the current one; 0 is strict, 1d suits clients that keep copies',
  },
  MAX_SESSIONS_PER_USER: {
    default: '100',
    description: 'active sessions of one user, up to 1000; a further sign-in ends the least recently used',
  },
  MAX_TASKS_PER_USER: { default: '100000', description: 'tasks of one user, up to 10000000' },
  MAX_BYTES_PER_USER: {
    default: '64mb',
    description:
      "titles and descriptions of one user's tasks together, in UTF-8: 500kb, 64mb, 1gb, up to 1024gb",
  },
  REGISTRATION: {
    default: 'open',
    description: 'open, or closed: only the commands user create and user invite add users',
  },
  BCRYPT_COST: { default: '12', description: 'work per password hash, 4 to 15; each step doubles it' },
  BODY_LIMIT: { default: '1mb', description: 'largest request body: 65536b, 100kb, 1mb, up to 64mb' },
  WORKERS: {
    default: '1',
    description: 'processes behind one port: a number, or auto for one per core; not in memory',
  },
  SHUTDOWN_DELAY: {
    default: '0',
    description: 'how long after SIGTERM connections are still accepted while /readyz is 503: 5s, up to 1h',
  },
  THROTTLE_SIGN_IN: {
    default: '30/5m',
    description: 'wrong sign-ins under one name from one address: 30/5m, 100/1h, off',
  },
  THROTTLE_SIGN_IN_USERNAME: {
    default: '100/5m',
    description: 'wrong sign-ins under one name from all addresses; off where THROTTLE_SIGN_IN is off',
  },
  THROTTLE_SIGN_IN_ADDRESS: {
    default: '2000/5m',
    description: 'wrong sign-ins from one address; off where THROTTLE_SIGN_IN is off',
  },
  THROTTLE_REGISTER: { default: '2000/1h', description: 'registrations from one address' },
  THROTTLE_REFRESH: { default: '6000/5m', description: 'refreshes from one address' },
  TRUST_PROXY: {
    default: 'none',
    description:
      'proxies whose X-Forwarded-For is believed: how many, or their addresses and CIDR ranges by comma',
  },
  AUTH_HEADER_TYPES: {
    default: 'Bearer',
    description: 'schemes that may stand before an access token, by comma: Bearer,JWT; a 401 names the first',
  },
  CORS_ORIGINS: {
    default: "the browser's own machine in memory, else none",
    description:
      'origins whose pages may call the API: https://app.example, http://localhost:5173; * for any, or none',
  },
  FAST_PATHS: {
    default: 'on',
    description:
      'on, or off: every request takes the ordinary way through Koa and its router, as tracing needs',
  },
  WEB: {
    default: 'on in memory, else off',
    description: 'on, or off: a page for people at /, and the documentation of the API at /docs/',
  },
  DEMO: {
    default: 'off',
    description: 'on: a user demo with some tasks, for everybody who wants to try the page; in memory only',
  },
  METRICS_PORT: {
    default: 'off',
    description: 'port that serves GET /metrics for Prometheus; off, or 0 for a free one',
  },
  METRICS_HOST: { default: '127.0.0.1', description: 'address to serve the metrics on' },
  LOG_EVENTS: {
    default: 'on',
    description:
      'on; digest: a keyed digest instead of the name of a failed sign-in, which may be a password; or off',
  },
  LOG_LEVEL: { default: 'info', description: 'trace, debug, info, warn, error, fatal or silent' },
} as const satisfies Record<string, { readonly default: string; readonly description: string }>;

/** The name of a setting. */
export type VariableName = keyof typeof variables;

/** The names of all settings, in the order of the table. */
export const variableNames = Object.keys(variables) as VariableName[];
