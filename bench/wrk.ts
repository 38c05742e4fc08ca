import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { inProject } from './project.js';

const run = promisify(execFile);

export interface Load {
  readonly port: number;
  /** One of those that requests.lua knows. */
  readonly work: string;
  /** Access tokens, one per user. */
  readonly tokens: readonly string[];
  readonly tasksEach: number;
  readonly seconds: number;
  readonly connections: number;
}

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of connections, and responses with a status of 400 or more. */
  readonly errors: number;
}

/** Sends requests over keep-alive connections for some seconds, the next on each as soon as the last has its response. */
export async function wrk({
  port,
  work,
  tokens,
  tasksEach,
  seconds,
  connections,
}: Load): Promise<LoadResult> {
  const directory = mkdtempSync(join(tmpdir(), 'hexado-bench-wrk-'));
  try {
    const file = join(directory, 'tokens');
    writeFileSync(file, tokens.map((token) => `${token}\n`).join(''));
    const options = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '10s'];
    const script = ['-s', inProject('bench/requests.lua'), `http://127.0.0.1:${port}`];
    const args = [...options, ...script, '--', work, file, String(tasksEach)];
    // Each connection needs a file descriptor, and few systems allow thousands without being asked.
    const { stdout } = await run('sh', ['-c', 'ulimit -n $(ulimit -Hn); exec wrk "$@"', 'wrk', ...args]);
    const result = /^RESULT (.*)$/m.exec(stdout)?.[1];
    if (result === undefined) throw new Error(`wrk printed no result:\n${stdout}`);
    return JSON.parse(result) as LoadResult;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
