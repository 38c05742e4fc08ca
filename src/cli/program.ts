import cluster from 'node:cluster';
import { readFileSync } from 'node:fs';
import { pino, stdTimeFunctions } from 'pino';
import { OutputError, print } from '../adapters/terminal/print.js';
import { fieldMessage } from '../adapters/http/response/field-messages.js';
import { describeError } from '../application/describe-error.js';
import { runUserCommand } from './user.js';
import { helpText, parseCommand, UsageError } from './arguments.js';
import { ConfigError, readConfig } from '../config/config.js';
import { StorageUnavailable, UnknownLayout, UnreadableData } from '../application/ports/storage.js';
import { DomainError } from '../domain/errors.js';
import { InvalidFields } from '../domain/input.js';
import { releaseSignals } from '../runtime/held-signals.js';
import { LogOutput } from '../runtime/log-output.js';
import { createKey } from './keys.js';
import { ListenError, serve } from './serve.js';
import { StorageError } from '../adapters/storage-module/load-storage-module.js';
import { ClusterSupervisor } from '../runtime/cluster-supervisor.js';
import { hidePasswords } from '../config/hide-passwords.js';

const clock = () => Date.now() / 1000;

/** Does what the words after the program's name ask for. Whatever goes wrong is told in sentences, with an exit code. */
export function main(words: readonly string[]): void {
  process.on('uncaughtException', fail);
  // An output that nobody reads any more, or that has no room, ends no server; a command notices when it prints.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  run(words).catch(fail);
}

async function run(words: readonly string[]): Promise<void> {
  const command = parseCommand(words);
  if (command.name === 'serve') return start();
  releaseSignals();
  switch (command.name) {
    case 'help':
      return print(helpText());
    case 'version':
      return print(`${version()}\n`);
    case 'keys':
      return createKey(command.file, process.env['ALGORITHM']);
    case 'user':
      return runUserCommand(command, readConfig(process.env), clock);
  }
}

/** Starts the server, or the supervisor of several. */
async function start(): Promise<void> {
  const config = readConfig(process.env);
  const output = new LogOutput((lost, code) =>
    log.warn({ lost, code }, `The log could not be written (${code}); ${lost} lines were lost`),
  );
  const log = pino({ level: config.logLevel, timestamp: stdTimeFunctions.isoTime }, output);
  if (cluster.isPrimary) for (const warning of config.warnings) log.warn({}, warning);
  if (cluster.isWorker || config.workers === 1) return serve(config, clock, log, output);
  new ClusterSupervisor(config.workers, log, config.signingKeysFile).start();
}

function version(): string {
  const manifest = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

/** What to tell whoever started the process, and the exit code (sysexits.h). */
interface Explanation {
  readonly sentences: readonly string[];
  readonly code: number;
}

function explain(error: unknown): Explanation {
  if (error instanceof ConfigError) return { sentences: error.problems, code: 78 };
  if (error instanceof StorageError) return { sentences: [hidePasswords(error.message)], code: 78 };
  if (error instanceof UsageError) return { sentences: [hidePasswords(error.message)], code: 64 };
  if (error instanceof ListenError) return { sentences: [hidePasswords(error.message)], code: 69 };
  if (error instanceof OutputError) return explainOutput(error);
  if (error instanceof UnknownLayout) {
    return { sentences: [`The storage has ${error.reason}. ${error.advice}`], code: 78 };
  }
  if (error instanceof UnreadableData) {
    return { sentences: [`What is stored at ${error.key} cannot be read. It is left as it is.`], code: 70 };
  }
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
  const { kind, at } = describeError(error);
  return { sentences: [`Unexpected error (${kind}).`, ...at, ...suspicion()], code: 70 };
}

/** An error of a connection has no frames of whoever opened it. */
function suspicion(): string[] {
  const storage = process.env['STORAGE']?.trim() ?? '';
  if (/^(?:memory|redis)?$/.test(storage)) return [];
  const sentence = `It may come from STORAGE=${storage}, which must handle the errors of its own connections.`;
  return [hidePasswords(sentence)];
}

function explainOutput({ code, done }: OutputError): Explanation {
  // Whoever reads the output may have enough of it: `hexado --help | head -1`.
  if (code === 'EPIPE' && done === undefined) return { sentences: [], code: 0 };
  const sentence = `Standard output cannot be written (${code}).`;
  return { sentences: done === undefined ? [sentence] : [done, sentence], code: 74 };
}

function fail(error: unknown): never {
  const { sentences, code } = explain(error);
  for (const sentence of sentences) process.stderr.write(`hexado: ${sentence}\n`);
  process.exit(code);
}
