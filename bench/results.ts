import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { execFileSync } from 'node:child_process';
import { inProject } from './project.js';

/** Where the figures were measured. */
export function machine(): object {
  const redis = execFileSync('redis-server', ['--version'], { encoding: 'utf8' });
  return {
    date: new Date().toISOString(),
    node: process.version,
    redis: /v=(\S+)/.exec(redis)?.[1],
    cpu: cpus()[0]?.model,
    cores: cpus().length,
  };
}

/** Writes a file of bench/results and tells its name; with a date before it unless it is to be kept. */
export function writeResult(name: string, text: string, keep: boolean): void {
  const date = new Date().toISOString().replace(/\..*$/, '').replaceAll(':', '');
  const path = `bench/results/${keep ? '' : `${date}-`}${name}`;
  mkdirSync(inProject('bench/results'), { recursive: true });
  writeFileSync(inProject(path), text);
  console.log(path);
}
