import { spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { end, start } from './child-processes.js';
import { freePort, untilListening } from './ports.js';
import { usageOfTree, type Usage } from './process-usage.js';
import type { ServerKind } from './servers.js';

export const signingKey = 'kN3v-benchmark-only-Zq81-xU7t-Lw0p';

/** A server in processes of its own. */
export class RunningServer {
  private constructor(
    readonly kind: ServerKind,
    readonly port: number,
    private readonly child: ChildProcess,
    private readonly directory: string,
  ) {}

  /** Resolves when it accepts connections. What it writes goes to a file, as the access log of a service does. */
  static async start(
    kind: ServerKind,
    redisUrl: string,
    extra: Readonly<Record<string, string>> = {},
  ): Promise<RunningServer> {
    const port = await freePort();
    const directory = mkdtempSync(join(tmpdir(), 'hexado-bench-server-'));
    const own = {
      PORT: String(port),
      REDIS_URL: redisUrl,
      SIGNING_KEY: signingKey,
      NODE_ENV: 'production',
      DATABASE: join(directory, 'database.sqlite3'),
    };
    const { PATH = '' } = process.env;
    const env = { PATH, ...own, ...kind.environment, ...extra };
    const options = { env, ...(kind.workingDirectory !== undefined && { cwd: kind.workingDirectory }) };
    if (kind.prepare) {
      const [program, ...args] = kind.prepare;
      const { status } = spawnSync(program, args, { ...options, stdio: ['ignore', 'ignore', 'inherit'] });
      if (status !== 0) throw new Error(`${kind.name} cannot be prepared.`);
    }
    const [program, ...args] = kind.command(port);
    const log = openSync(join(directory, 'log'), 'a');
    const child = start(program, args, { ...options, stdio: ['ignore', log, log] });
    await untilListening(port, child);
    return new RunningServer(kind, port, child, directory);
  }

  usage(): Usage {
    return usageOfTree(this.child.pid ?? 0);
  }

  /** Resolves when it has finished what it was asked, seen by its using no CPU, or after three seconds. */
  async idle(): Promise<void> {
    let last = -1;
    for (let i = 0; i < 30 && last !== this.usage().cpuMs; i++) {
      last = this.usage().cpuMs;
      await setTimeout(100);
    }
  }

  async stop(): Promise<void> {
    await end(this.child);
    rmSync(this.directory, { recursive: true, force: true });
  }
}
