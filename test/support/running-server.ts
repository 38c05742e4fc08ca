import { HashingThreads } from '../../src/adapters/crypto/hashing-threads.js';
import { HealthController } from '../../src/adapters/http/controllers/health-controller.js';
import { describeApi } from '../../src/adapters/http/openapi/document.js';
import { HttpServer } from '../../src/adapters/http/http-server.js';
import type { Clock, Log } from '../../src/application/ports/environment.js';
import type { Storage } from '../../src/application/ports/storage.js';
import { readConfig } from '../../src/config/config.js';
import { createContainer, HttpRoutes } from '../../src/container.js';
import { createStorage } from '../../src/create-storage.js';
import { ApiClient } from './api-client.js';
import { bcryptThreads } from './comparison-costs.js';

import { DescribedResponses, describedServers } from './described-responses.js';
import type { WireRequest, WireResponse } from './http-client.js';

export type { SignedIn } from './api-client.js';

/** The key that signs the tokens of every server in the tests, so that tests can forge some. */
export const signingKey = 'a key that only the tests know, 32 bytes and more';

/** The environment of every server in the tests. */
export const testEnvironment = {
  SIGNING_KEY: signingKey,
  BCRYPT_COST: '4',
  LOG_LEVEL: 'silent',
  PORT: '0',
  // CI runs the tests of the API a second time without the fast paths.
  FAST_PATHS: process.env['FAST_PATHS'] ?? 'on',
};

/** For tests that sign in, register or refresh more often than people do. */
export const withoutLimits = { THROTTLE_SIGN_IN: 'off', THROTTLE_REGISTER: 'off', THROTTLE_REFRESH: 'off' };

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** The whole server, as it is shipped, listening in the tests' own process. */
export class RunningServer extends ApiClient {
  private constructor(
    port: number,
    readonly storage: Storage,
    /** Every path that the server knows, with `:id` where an id stands. */
    readonly paths: readonly string[],
    readonly log: readonly LogLine[],
    private readonly server: HttpServer,
    private readonly health: HealthController,
    private readonly described: DescribedResponses,
  ) {
    super(port);
  }

  /** Throws if the API's description lacks the response, so that no new response goes undescribed. */
  override async send(request: WireRequest): Promise<WireResponse> {
    const response = await super.send(request);
    this.described.expect(request, response);
    return response;
  }

  static async start(
    environment: Readonly<Record<string, string>> = {},
    clock: Clock = () => Date.now() / 1000,
  ): Promise<RunningServer> {
    const config = readConfig({ ...testEnvironment, ...environment });
    const lines: LogLine[] = [];
    const log = logInto(lines);
    const storage = await createStorage(config.storage, { clock, log });
    const container = createContainer(config, storage, clock, log);
    container.rebind(HashingThreads).toConstantValue(bcryptThreads);
    const server = container.get(HttpServer);
    const port = await server.listen(0, '127.0.0.1');
    const routes = container.get(HttpRoutes);
    const paths = [...new Set(routes.map(({ path }) => path))];
    described ??= new DescribedResponses(describeApi(routes, '1'));
    describedServers.set(port, described);
    return new RunningServer(port, storage, paths, lines, server, container.get(HealthController), described);
  }

  /** Starts draining: /readyz is 503 from now on. */
  startDraining(): void {
    this.health.startDraining();
  }

  async stop(): Promise<void> {
    describedServers.delete(this.port);
    await this.server.stop({ idle: 0, busy: 0 });
    await this.storage.close();
  }
}

/** The same for every server: the routes do not depend on settings. */
let described: DescribedResponses | undefined;

function logInto(lines: LogLine[]): Log {
  const at = (level: LogLine['level']) => (fields: object, message: string) =>
    void lines.push({ level, message, fields: { ...fields } });
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
