import { HashingThreads } from './adapters/crypto/hashing-threads.js';
import type { App, Extensions } from './adapters/http/app.js';
import { HealthController } from './adapters/http/controllers/health-controller.js';
import { HttpServer, shutdownTimeouts } from './adapters/http/http-server.js';
import { AddDemoUser } from './application/add-demo-user.js';
import type { Log } from './application/ports/environment.js';
import { readConfig } from './config/config.js';
import { createContainer, HttpApp } from './container.js';
import { createStorage } from './create-storage.js';

/** What an application that embeds Hexado passes to it. */
export interface Embedding extends Extensions {
  /**
   * The settings of docs/configuration.md. HOST, PORT, WORKERS, METRICS_PORT and LOG_LEVEL have no effect. WEB is off
   * unless it is given, for the application has pages of its own.
   */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Receives the log lines; `console` fits. */
  readonly log: Log;
}

const clock = () => Date.now() / 1000;

/** Hexado as a Koa application, to be served or mounted. Call `close` at the end. Throws ConfigError and StorageError. */
export async function createApp(embedding: Embedding): Promise<{
  readonly app: App;
  close(): Promise<void>;
}> {
  const { container, close } = await create(embedding);
  return { app: container.get(HttpApp), close };
}

/**
 * Hexado with a server of its own, which slow, silent and broken clients cannot block. `listen` resolves with the port;
 * 0 is any free one. `close` finishes the requests in progress, for at most ten seconds. Throws as `createApp` does.
 */
export async function createServer(embedding: Embedding): Promise<{
  listen(port: number, host: string): Promise<number>;
  close(): Promise<void>;
}> {
  const { container, close } = await create(embedding);
  const server = container.get(HttpServer);
  return {
    listen: (port, host) => server.listen(port, host),
    close: async () => {
      container.get(HealthController).startDraining();
      await server.stop(shutdownTimeouts);
      await close();
    },
  };
}

async function create({ environment = {}, log, ...extensions }: Embedding) {
  const config = readConfig({ WEB: 'off', ...environment });
  for (const warning of config.warnings) log.warn({}, warning);
  const storage = await createStorage(config.storage, { clock, log });
  const container = createContainer(config, storage, clock, log, extensions);
  if (config.demo) await container.get(AddDemoUser).execute();
  const close = async () => {
    await Promise.all([storage.close(), container.get(HashingThreads).stop()]);
  };
  return { container, close };
}
