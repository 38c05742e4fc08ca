#!/usr/bin/env -S node --max-semi-space-size=32
import cluster from 'node:cluster';
import { readFileSync } from 'node:fs';
import { pino, stdTimeFunctions } from 'pino';
import { fieldMessage } from './adapters/http/field-messages.js';
import { describeUnforeseen } from './adapters/http/unforeseen-error.js';
import { administer } from './administer.js';
import { helpText, parseCommand, UsageError } from './command-line.js';
import { ConfigError, readConfig } from './config.js';
import { DomainError, StorageUnavailable } from './domain/errors.js';
import { InvalidFields } from './domain/fields.js';
import { makeKey } from './make-key.js';
import { ListenError, serve } from './serve.js';
import { StorageError } from './storage.js';
import { Supervisor } from './supervisor.js';

const clock = () => Date.now() / 1000;

async function main(words: readonly string[]): Promise<void> {
  const command = parseCommand(words);
  if (command.name === 'help') return void process.stdout.write(helpText());
  if (command.name === 'version') return void process.stdout.write(`${version()}\n`);

  if (command.name === 'keys') return makeKey(command.file, process.env['ALGORITHM']);

  const config = readConfig(process.env);
  if (command.name === 'user') {
    // Standard output is the command's own; what goes wrong is told in a sentence at the end.
    return administer(command, config, clock, pino({ level: 'silent' }));
  }
  // Written some lines at a time, for each write costs more than the line; at the latest after a moment, or at the exit.
  const output = pino.destination({ sync: true, minLength: 4096, periodicFlush: 100 });
  process.on('exit', () => output.flushSync());
  const log = pino({ level: config.logLevel, timestamp: stdTimeFunctions.isoTime }, output);
  if (config.workers > 1 && cluster.isPrimary) {
    const passedOn = config.signingKeysFile === undefined ? [] : (['SIGHUP'] as const);
    return new Supervisor(config.workers, log, passedOn).start();
  }
  return serve(config, clock, log);
}

function version(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

/** What to tell whoever started the process, and the exit code (sysexits.h). */
function explain(error: unknown): { readonly sentences: readonly string[]; readonly code: number } {
  if (error instanceof ConfigError) return { sentences: error.problems, code: 78 };
  if (error instanceof StorageError) return { sentences: [error.message], code: 78 };
  if (error instanceof UsageError) return { sentences: [error.message], code: 64 };
  if (error instanceof ListenError) return { sentences: [error.message], code: 69 };
  if (error instanceof StorageUnavailable) {
    return { sentences: [`The storage does not answer (${error.reason}). ${error.advice}`], code: 69 };
  }
  if (error instanceof InvalidFields) {
    const sentences = Object.entries(error.issues).flatMap(([field, issues]) =>
      issues.map((issue) => `${field}: ${fieldMessage(issue)}`),
    );
    return { sentences, code: 1 };
  }
  if (error instanceof DomainError && error.code === 'user_not_found') {
    return { sentences: ['There is no user of this name.'], code: 1 };
  }
  const { kind, at } = describeUnforeseen(error);
  return { sentences: [`Something unforeseen went wrong (${kind}).`, ...at], code: 70 };
}

function fail(error: unknown): never {
  const { sentences, code } = explain(error);
  for (const sentence of sentences) process.stderr.write(`hexado: ${sentence}\n`);
  process.exit(code);
}

process.on('uncaughtException', fail);
// Whoever reads the output may leave: `hexado --help | head -1`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});
main(process.argv.slice(2)).catch(fail);
