import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from './free-port.js';

/** A PostgreSQL that has on disk whatever it has acknowledged. */
export const durable = ['-c', 'fsync=on'];

/** Where Debian keeps the programs of the newest PostgreSQL that is installed. */
function findPrograms(): string {
  const root = '/usr/lib/postgresql';
  const newest = readdirSync(root)
    .filter((version) => existsSync(join(root, version, 'bin/initdb')))
    .toSorted((one, other) => Number(one) - Number(other))
    .at(-1);
  return join(root, newest ?? '', 'bin');
}

/** PostgreSQL refuses to run as root. */
function owner(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const [uid, gid] = ['-u', '-g'].map((flag) => Number(spawnSync('id', [flag, 'postgres']).stdout));
  if (!uid || !gid) throw new Error('there is no user postgres: install postgresql');
  return { uid, gid };
}

/** The URL of a database of a PostgreSQL that is reached at this port. */
export function urlAt(port: number, database = 'hexado_test'): string {
  return `postgres://postgres@127.0.0.1:${port}/${database}`;
}

/** A PostgreSQL of a test's own: real processes on a free port of 127.0.0.1, with a directory of its own. */
export class PostgresServer {
  private readonly directory = mkdtempSync(join(tmpdir(), 'hexado-postgres-'));
  private postmaster: ChildProcess | undefined;
  private guard: ChildProcess | undefined;
  private readonly owner = owner();

  private constructor(
    private readonly args: readonly string[],
    private readonly programs: string,
    readonly port: number,
  ) {
    chmodSync(this.directory, 0o700);
    if (this.owner) chownSync(this.directory, this.owner.uid, this.owner.gid);
  }

  /** Resolves as soon as it serves. By default it may lose everything in a crash, and is quick. */
  static async start({
    args = ['-c', 'fsync=off'],
    port,
  }: { readonly args?: readonly string[]; readonly port?: number } = {}): Promise<PostgresServer> {
    const server = new PostgresServer(args, findPrograms(), port ?? (await freePort()));
    server.initialise();
    await server.run();
    server.createDatabase('hexado_test');
    return server;
  }

  get url(): string {
    return urlAt(this.port);
  }

  /** Ends all of its processes as a crash of the machine does; the directory stays. */
  async kill(): Promise<void> {
    const { postmaster } = this;
    if (!postmaster) return;
    this.postmaster = undefined;
    const children = childrenOf(postmaster.pid);
    const ended = once(postmaster, 'exit');
    for (const pid of [postmaster.pid, ...children]) signal(pid, 'SIGKILL');
    await ended;
    this.guard?.kill('SIGKILL');
  }

  /** Starts it again, on the same port and with the same directory. */
  async restart(): Promise<void> {
    await this.kill();
    await this.run();
  }

  /** Suspends all of its processes: connections stay open, and nothing gets a response. */
  freeze(): void {
    this.signalAll('SIGSTOP');
  }

  /** Lets frozen processes go on. */
  resume(): void {
    this.signalAll('SIGCONT');
  }

  /** Ends it permanently, frozen or not, and deletes its directory. */
  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 20 });
  }

  private initialise(): void {
    const args = ['--pgdata', join(this.directory, 'data'), '--auth=trust', '--username=postgres'];
    this.runProgram('initdb', [...args, '--encoding=UTF8', '--no-locale', '--no-sync']);
  }

  private runProgram(name: string, args: readonly string[]): void {
    const options = { ...this.owner, cwd: this.directory, encoding: 'utf8' } as const;
    const { status, stderr } = spawnSync(join(this.programs, name), args, options);
    if (status !== 0) throw new Error(`${name} failed: ${stderr}`);
  }

  createDatabase(name: string): void {
    const at = ['--host=127.0.0.1', `--port=${this.port}`, '--username=postgres'];
    this.runProgram('createdb', [...at, name]);
  }

  private async run(): Promise<void> {
    const listening = ['-c', 'listen_addresses=127.0.0.1', '-c', `unix_socket_directories=${this.directory}`];
    const args = ['-D', join(this.directory, 'data'), '-p', String(this.port), ...listening, ...this.args];
    const postmaster = spawn(join(this.programs, 'postgres'), args, {
      ...this.owner,
      cwd: this.directory,
      env: { PATH: process.env['PATH'], LC_ALL: 'C' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.postmaster = postmaster;
    // Reads the end of its input when the tests' process ends, however that comes about, and then clears up.
    const clearUp = ['-c', `read _; kill -KILL ${postmaster.pid}; rm -rf "$0"`, this.directory];
    this.guard = spawn('sh', clearUp, { stdio: ['pipe', 'ignore', 'ignore'] });
    await untilReady(postmaster);
  }

  private signalAll(name: NodeJS.Signals): void {
    const { pid } = this.postmaster ?? {};
    for (const each of [pid, ...childrenOf(pid)]) signal(each, name);
  }
}

/** Reads its log until it is ready; rejects if it ends before. */
function untilReady(postmaster: ChildProcess): Promise<void> {
  const log: string[] = [];
  return new Promise((resolve, reject) => {
    postmaster.once('error', reject);
    postmaster.once('close', () => reject(new Error(`postgres did not start:\n${log.join('\n')}`)));
    // Goes on reading once it is ready, because a full pipe would make the server wait.
    createInterface({ input: postmaster.stderr! }).on('line', (line) => {
      log.push(line);
      if (line.includes('ready to accept connections')) resolve();
    });
  });
}

/** Each connection has a process of its own, which belongs to no group of the first one. */
function childrenOf(pid: number | undefined): number[] {
  const path = `/proc/${pid}/task/${pid}/children`;
  return readFileSync(path, 'utf8').split(' ').filter(Boolean).map(Number);
}

/** Sends a signal to a process that may have ended. */
function signal(pid: number | undefined, name: NodeJS.Signals): void {
  try {
    if (pid) process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
