import cluster from 'node:cluster';
import { BcryptPasswordHasher } from '../adapters/crypto/bcrypt-password-hasher.js';
import { HashingThreads } from '../adapters/crypto/hashing-threads.js';
import { JwtTokenSigner } from '../adapters/crypto/jwt-token-signer.js';
import { HealthController } from '../adapters/http/controllers/health-controller.js';
import { HttpServer, shutdownTimeouts } from '../adapters/http/http-server.js';
import { AddDemoUser, demoUser } from '../application/add-demo-user.js';
import { describeError } from '../application/describe-error.js';
import type { Clock, Log } from '../application/ports/environment.js';
import type { ReportEvent } from '../application/ports/events.js';
import type { Config } from '../config/config.js';
import { createContainer, Report } from '../container.js';
import { handleSignal } from '../runtime/held-signals.js';
import { localUrl } from './local-url.js';
import { isReadableByOthers } from '../config/keys-file.js';
import { ListenError } from './listen-error.js';
import { createMetrics, handOverMetrics, publishMetrics } from './metrics.js';
import type { LogOutput } from '../runtime/log-output.js';
import { skipDelay } from '../runtime/cluster-supervisor.js';
import { rereadKeysFile } from '../config/signing-keys.js';
import { ShutdownDelay } from '../runtime/shutdown-delay.js';
import { version } from '../runtime/version.js';
import { onShutdownSignal, onStopRequest } from '../runtime/shutdown-signals.js';
import { createStorage } from '../create-storage.js';
import { keepNextTickFast } from '../runtime/v8-workarounds.js';

/**
 * Starts the server; resolves once it accepts requests. SIGTERM or SIGINT is a graceful shutdown, and a second signal ends
 * the process at once. SIGTERM waits for the shutdown delay first, unless a second signal skips it. A worker also stops at
 * SIGUSR2, when another one replaces it. SIGHUP reloads SIGNING_KEYS_FILE. Throws ListenError and StorageError.
 */
export async function serve(config: Config, clock: Clock, log: Log, output: LogOutput): Promise<void> {
  keepNextTickFast();
  // A rejected promise that a storage module does not handle must not end the server.
  process.on('unhandledRejection', (reason) => {
    log.error(describeError(reason), 'Unhandled promise rejection');
  });
  const metrics = await createMetrics(config);
  const storage = await createStorage(config.storage, { clock, log }, undefined, metrics);
  const container = createContainer(config, storage, clock, log, {
    degradations: [() => output.complaint()],
    ...(metrics && { observers: [metrics.countEvent], meters: metrics }),
  });
  await container
    .get(HashingThreads)
    .start()
    .catch((error: unknown) => {
      log.warn(describeError(error), 'No worker thread for password hashing could be started');
    });
  if (config.demo) await container.get(AddDemoUser).execute();
  const server = container.get(HttpServer);
  if (metrics) {
    const [hasher, health] = [container.get(BcryptPasswordHasher), container.get(HealthController)];
    await publishMetrics(metrics, { server, hasher, health, output }, config, log);
  }
  const port = await listen(server, config).catch((error: NodeJS.ErrnoException) => {
    throw new ListenError(describeListenError(error, config));
  });

  if (config.storage.kind === 'memory' && port !== undefined) output.write(welcome(config, port));
  log.info({ version, host: config.host, port, storage: config.storage.kind }, 'listening');

  const { signingKeysFile } = config;
  if (signingKeysFile !== undefined) {
    handleSignal('SIGHUP', () =>
      reloadKeys(signingKeysFile, container.get(JwtTokenSigner), log, container.get(Report)),
    );
  }
  const delay = new ShutdownDelay(config.shutdownDelay);
  const stop = async (signal: NodeJS.Signals) => {
    log.info({ signal }, 'stopping');
    // While a single worker is replaced, /readyz stays 200: the other workers serve.
    if (signal !== 'SIGUSR2') container.get(HealthController).startDraining();
    server.startDraining();
    await delay.pass();
    await server.stop(shutdownTimeouts);
    await handOverMetrics(metrics);
    await storage.close().catch(() => log.warn({}, 'Closing the storage failed'));
    log.info({}, 'stopped');
    process.exit(0);
  };
  if (cluster.isWorker) {
    onShutdownSignal(['SIGTERM', 'SIGUSR2'], stop, delay);
    process.on('message', (message) => message === skipDelay && delay.skip());
    // A terminal sends these to all of its processes. A worker stops only when its supervisor says so.
    for (const signal of ['SIGINT', 'SIGHUP'] as const) handleSignal(signal, () => undefined);
  } else {
    onStopRequest(stop, delay, log, signingKeysFile);
    handleSignal('SIGUSR2', () =>
      log.warn({}, 'SIGUSR2 is ignored: it replaces workers, and there are none'),
    );
  }
}

/** Replaces the keys. If the file has errors, the current keys stay. */
function reloadKeys(file: string, signer: JwtTokenSigner, log: Log, report: ReportEvent): void {
  const problems: string[] = [];
  const keys = rereadKeysFile(file, (message) => void problems.push(message));
  if (!keys) return log.error({ problems }, 'Reloading the signing keys failed; keeping the current ones');
  signer.useKeys(keys);
  if (isReadableByOthers(file)) log.warn({}, `${file} can be read or changed by every user.`);
  report({ event: 'keys_reread', keys: keys.map(({ id }) => id ?? null) });
}

/** Resolves with the port, if it is none of a unix socket. */
async function listen(server: HttpServer, { port, host, socketPath }: Config): Promise<number | undefined> {
  if (socketPath === undefined) return server.listen(port, host);
  await server.listenOnSocket(socketPath);
  return undefined;
}

function describeListenError(
  { code = 'unknown' }: NodeJS.ErrnoException,
  { host, port, socketPath }: Config,
): string {
  if (socketPath !== undefined) {
    return code === 'EADDRINUSE'
      ? `HOST=${host}: something listens there already, or it is no socket.`
      : `HOST=${host}: the socket cannot be made (${code}). Does its directory exist, and may this user write there?`;
  }
  const reasons: Record<string, string> = {
    EADDRINUSE: `Port ${port} of ${host} is in use: stop what listens there, or set PORT.`,
    EADDRNOTAVAIL: `HOST=${host} is no address of this machine.`,
    ENOTFOUND: `HOST=${host} is no address of this machine.`,
    EACCES: `Port ${port} may not be used by this user: set PORT to 1024 or more.`,
  };
  return reasons[code] ?? `The server cannot listen on ${host}:${port} (${code}).`;
}

/** The text for somebody who tries Hexado: where the page is, and three commands that work as they are printed. */
function welcome({ host, signingKeys, web, demo }: Config, port: number): string {
  const url = localUrl({ host, port });
  const key = signingKeys
    ? 'The tokens are signed with your key.'
    : 'The tokens are signed with a random key and are good until the server stops; set SIGNING_KEY to keep them.';
  const page = web ? `Open ${url}/ in a browser; the API's documentation is at ${url}/docs/\n` : '';
  const user = demo ? `Sign in as ${demoUser.username} with the password ${demoUser.password}\n` : '';
  return `
${page}${user}Hexado is listening at ${url}
The data is in memory and gone when the server stops; set STORAGE=redis to keep it.
${key}

Register, sign in, create a task:
  curl -s ${url}/tasks/register/ -d username=jigyasnh -d password=securepassword123
  ACCESS=$(curl -s ${url}/api/token/ -d username=jigyasnh -d password=securepassword123 | sed 's/.*"access":"\\([^"]*\\)".*/\\1/')
  curl -s ${url}/tasks/create/ -H "Authorization: Bearer $ACCESS" -d title='Buy milk' -d description='Two litres'

`;
}
