import { HealthController } from '../../src/adapters/http/health-controller.js';
import { HttpServer } from '../../src/adapters/http/http-server.js';
import type { Clock, Log, Storage } from '../../src/application/ports.js';
import { readConfig } from '../../src/config.js';
import { App, createContainer } from '../../src/container.js';
import { createStorage } from '../../src/storage.js';
import { send, type WireRequest, type WireResponse } from './http-client.js';

/** The key that signs the tokens of every server in the tests, so that tests can forge some. */
export const signingKey = 'a key that only the tests know, 32 bytes and more';

/** The environment of every server in the tests. */
export const testEnvironment = { SIGNING_KEY: signingKey, BCRYPT_COST: '4', LOG_LEVEL: 'silent', PORT: '0' };

export interface LogLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A user who has signed in. */
export interface SignedIn {
  readonly username: string;
  readonly password: string;
  readonly access: string;
  readonly refresh: string;
}

/** The whole server, as it is shipped, listening in the tests' own process. */
export class RunningServer {
  private users = 0;

  private constructor(
    readonly port: number,
    readonly storage: Storage,
    readonly log: readonly LogLine[],
    private readonly server: HttpServer,
    private readonly health: HealthController,
  ) {}

  static async start(
    environment: Readonly<Record<string, string>> = {},
    clock: Clock = () => Date.now() / 1000,
  ): Promise<RunningServer> {
    const config = readConfig({ ...testEnvironment, ...environment });
    const lines: LogLine[] = [];
    const log = logInto(lines);
    const storage = await createStorage(config.storage, { clock, log });
    const container = createContainer(config, storage, clock, log);
    const server = new HttpServer(container.get(App).callback());
    const port = await server.listen(0, '127.0.0.1');
    return new RunningServer(port, storage, lines, server, container.get(HealthController));
  }

  /** Does what comes before the stop: tells whoever asks that the server is not ready. */
  announceStop(): void {
    this.health.announceStop();
  }

  async stop(): Promise<void> {
    await this.server.stop({ idle: 0, busy: 0 });
    await this.storage.close();
  }

  send(request: WireRequest): Promise<WireResponse> {
    return send(this.port, request);
  }

  /** Sends JSON, with an access token if there is one. */
  call(method: string, path: string, body?: unknown, access?: string): Promise<WireResponse> {
    const headers: Record<string, string> = {};
    if (access !== undefined) headers['Authorization'] = `Bearer ${access}`;
    if (body === undefined) return this.send({ method, path, headers });
    headers['Content-Type'] = 'application/json';
    return this.send({ method, path, headers, body: JSON.stringify(body) });
  }

  /** Registers a new user and signs them in. */
  async signedIn(name = 'user'): Promise<SignedIn> {
    const username = `${name}.${process.pid}.${++this.users}.${Date.now()}`;
    const password = 'Xk9-fence-Orbit';
    await this.call('POST', '/tasks/register/', { username, password });
    const tokens = (await this.call('POST', '/api/token/', { username, password })).json();
    return { username, password, ...(tokens as { access: string; refresh: string }) };
  }
}

function logInto(lines: LogLine[]): Log {
  const at = (level: LogLine['level']) => (fields: object, message: string) =>
    void lines.push({ level, message, fields: { ...fields } });
  return { info: at('info'), warn: at('warn'), error: at('error') };
}
