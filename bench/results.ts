import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { execFileSync } from 'node:child_process';
import { inProject } from './project.js';

/**
 * Writes a file of bench/results, with the machine and the date, and prints its path. Unless `keep` is set, its name
 * begins with the date. It is committed, so it is short: one line for each row, five digits for each number.
 */
export function writeResult(name: string, result: object, keep: boolean): void {
  const date = new Date().toISOString().replace(/\..*$/, '').replaceAll(':', '');
  const path = `bench/results/${keep ? '' : `${date}-`}${name}`;
  mkdirSync(inProject('bench/results'), { recursive: true });
  writeFileSync(inProject(path), rows({ machine: machine(), ...result }));
  console.log(path);
}

/** JSON in which each object without arrays or objects in it is on one line. */
function rows(result: object): string {
  const text = JSON.stringify(result, toFiveDigits, 2);
  return `${text.replaceAll(/\{[^{}[\]]*\}/g, (row) => row.replaceAll(/\n\s*/g, ' '))}\n`;
}

function toFiveDigits(_name: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(5)) : value;
}

function machine(): object {
  const redis = execFileSync('redis-server', ['--version'], { encoding: 'utf8' });
  return {
    date: new Date().toISOString(),
    node: process.version,
    redis: /v=(\S+)/.exec(redis)?.[1],
    cpu: cpus()[0]?.model,
    cores: cpus().length,
  };
}
