import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { appendFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { ClientTls, ServerTls } from './tls-certificates.js';

/** A Redis that has on disk whatever it has acknowledged. */
export const durable = { args: ['--appendonly', 'yes', '--appendfsync', 'always'] };

/** A Redis that the storage warns of nothing about. */
export const appending = { args: ['--appendonly', 'yes', '--appendfsync', 'no'] };

/** A schedule by which a test never comes to a snapshot. */
const neverSaving = ['--save', '3600', '1000000'];

/** A Redis of a test's own: a real process on a free port of 127.0.0.1, with a directory of its own. */
export class RedisServer {
  private readonly directory = mkdtempSync(join(tmpdir(), 'hexado-redis-'));
  private process: RunningRedis | undefined;

  private constructor(
    private readonly args: readonly string[],
    private currentPort: number,
    private readonly sentinel: readonly string[] | undefined,
    /** What a client needs for TLS; undefined without TLS. */
    readonly tls: ClientTls | undefined,
  ) {}

  /**
   * Resolves as soon as it serves. `args` are those of redis-server, `sentinel` the lines of a sentinel's file. With `tls`
   * it speaks nothing else.
   */
  static async start({
    args = [],
    sentinel,
    tls,
  }: {
    readonly args?: readonly string[];
    readonly sentinel?: readonly string[];
    readonly tls?: ServerTls;
  } = {}): Promise<RedisServer> {
    const server = new RedisServer([...args, ...(tls?.args ?? [])], anyPort(), sentinel, tls?.client);
    for (let attempts = 10; !(await server.run()); attempts--) {
      if (attempts === 0) throw new Error('no free port found for redis-server');
      server.currentPort = anyPort();
    }
    return server;
  }

  get port(): number {
    return this.currentPort;
  }

  get url(): string {
    return `${this.tls ? 'rediss' : 'redis'}://127.0.0.1:${this.port}`;
  }

  /** A path that nobody else uses. */
  get socketPath(): string {
    return join(this.directory, 'redis.sock');
  }

  /** Ends the process as a crash does; the directory stays. */
  async kill(): Promise<void> {
    await this.process?.kill();
    this.process = undefined;
  }

  /** Starts it again, on the same port and with the same directory. */
  async restart(): Promise<void> {
    await this.kill();
    if (!(await this.run())) throw new Error(`somebody else has taken port ${this.port}`);
  }

  /** Suspends the process: connections stay open, and nothing gets a response. */
  freeze(): void {
    this.process?.signal('SIGSTOP');
  }

  /** Lets a frozen process go on. */
  resume(): void {
    this.process?.signal('SIGCONT');
  }

  /** Ends the process permanently, frozen or not, and deletes its directory. */
  async stop(): Promise<void> {
    await this.kill();
    // A child that saves a snapshot outlives its parent by a moment.
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 20 });
  }

  /** Whether it serves now; false if the port is taken. */
  private async run(): Promise<boolean> {
    const ports = this.tls ? ['--port', '0', '--tls-port'] : ['--port'];
    const sockets = this.sentinel ? [] : ['--unixsocket', this.socketPath];
    const args = ['--bind', '127.0.0.1', ...ports, String(this.port), '--dir', this.directory, ...sockets];
    const role = this.sentinel ? [this.sentinelFile(this.sentinel), '--sentinel'] : neverSaving;
    const running = new RunningRedis([...role, ...args, ...this.args], this.directory);
    if ((await running.started()) === 'port taken') return false;
    this.process = running;
    return true;
  }

  /** A sentinel keeps what it knows in a file, which must be there when it starts. */
  private sentinelFile(lines: readonly string[]): string {
    const file = join(this.directory, 'sentinel.conf');
    appendFileSync(file, existsSync(file) ? '' : lines.join('\n'));
    return file;
  }
}

/**
 * A port that no outgoing connection gets from the system: those are above 32768 on Linux, and above 49152 elsewhere.
 * The nodes of a cluster use the port that is 10,000 above theirs as well.
 */
function anyPort(): number {
  return randomInt(10_000, 22_000);
}

/** One process: redis-server, valkey-server or, where neither is installed, a container that runs the former. */
class RunningRedis {
  private static readonly program = ['redis-server', 'valkey-server'].find(
    (name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0,
  );

  private readonly child: ChildProcess;
  private readonly guard: ChildProcess;
  private readonly container = `hexado-redis-${process.pid}-${randomInt(2 ** 32)}`;

  constructor(args: readonly string[], directory: string) {
    const [program = '', ...first] = RunningRedis.program
      ? [RunningRedis.program]
      : inContainer(this.container, directory);
    this.child = spawn(program, [...first, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });

    // Reads the end of its input when the tests' process ends, however that comes about, and then clears up.
    const kill = RunningRedis.program ? `kill -KILL ${this.child.pid}` : `docker kill ${this.container}`;
    const clearUp = ['-c', `read _; ${kill}; rm -rf "$0"`, directory];
    this.guard = spawn('sh', clearUp, { stdio: ['pipe', 'ignore', 'ignore'] });
  }

  /** Reads its log until it is ready or, because the port is taken, ends; rejected if it ends otherwise. */
  async started(): Promise<'ready' | 'port taken'> {
    const { child } = this;
    const log: string[] = [];
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', () => {
        this.guard.kill('SIGKILL');
        const text = log.join('\n');
        if (/Address already in use/i.test(text)) resolve('port taken');
        else reject(new Error(`redis-server did not start:\n${text}`));
      });
      // Goes on reading once it is ready, because a full pipe would make the server wait.
      createInterface({ input: child.stdout! }).on('line', (line) => {
        log.push(line);
        if (/Ready to accept connections|Sentinel ID is/.test(line)) resolve('ready');
      });
    });
  }

  signal(name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
    if (RunningRedis.program) this.child.kill(name);
    else spawnSync('docker', ['kill', '--signal', name, this.container], { stdio: 'ignore' });
  }

  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.signal('SIGKILL');
    await ended;
  }
}

function inContainer(name: string, directory: string): string[] {
  return [
    'docker',
    'run',
    '--rm',
    `--name=${name}`,
    `--user=${process.getuid?.() ?? 0}`,
    `--volume=${directory}:${directory}`,
    '--network=host',
    '--entrypoint=redis-server',
    'redis:7',
  ];
}
