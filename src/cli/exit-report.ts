import { CommandFailed } from '../adapters/terminal/command-failed.js';
import { PartlyDone } from '../adapters/terminal/partly-done.js';
import { OutputError } from '../adapters/terminal/print.js';
import { fieldMessage } from '../adapters/http/response/field-messages.js';
import { StorageError } from '../adapters/storage-module/load-storage-module.js';
import { describeError } from '../application/describe-error.js';
import { StorageUnavailable, UnknownLayout, UnreadableData } from '../application/ports/storage.js';
import { ConfigError } from '../config/config.js';
import { hidePasswords } from '../config/hide-passwords.js';
import { DomainError, type ErrorCode } from '../domain/errors.js';
import { InvalidFields } from '../domain/input.js';
import { UsageError } from './arguments.js';
import { DataError } from './data-error.js';
import { ListenError } from './listen-error.js';

/** What a failed process reports on standard error, and its exit code (sysexits.h). */
interface ExitReport {
  readonly messages: readonly string[];
  readonly code: number;
}

/** Why a command refuses, for the operator. */
const refusals: Partial<Readonly<Record<ErrorCode, string>>> = {
  user_not_found: 'There is no user of this name.',
  user_inactive: 'The user is inactive, and staff are active. First: hexado user activate NAME',
  not_staff: 'The user is not staff.',
  last_administrator: 'Nobody else is staff. First promote somebody: hexado user promote NAME',
};

export function exitReport(error: unknown): ExitReport {
  if (error instanceof ConfigError) return { messages: error.problems, code: 78 };
  if (error instanceof StorageError) return { messages: [hidePasswords(error.message)], code: 78 };
  if (error instanceof UsageError) return { messages: [hidePasswords(error.message)], code: 64 };
  if (error instanceof DataError) return { messages: [error.message], code: 65 };
  if (error instanceof ListenError) return { messages: [hidePasswords(error.message)], code: 69 };
  if (error instanceof OutputError) return outputErrorReport(error);
  if (error instanceof UnknownLayout) {
    return { messages: [`The storage has ${error.reason}. ${error.advice}`], code: 78 };
  }
  if (error instanceof UnreadableData) {
    return { messages: [`What is stored at ${error.key} cannot be read. It is left as it is.`], code: 70 };
  }
  if (error instanceof StorageUnavailable) {
    return { messages: [`The storage does not answer (${error.reason}). ${error.advice}`], code: 69 };
  }
  if (error instanceof InvalidFields) {
    const messages = Object.entries(error.issues).flatMap(([field, issues]) =>
      issues.map((issue) => `${field}: ${fieldMessage(issue)}`),
    );
    return { messages, code: 1 };
  }
  if (error instanceof CommandFailed) return { messages: [error.message], code: 1 };
  if (error instanceof PartlyDone) {
    const { messages, code } = exitReport(error.cause);
    return { messages: [error.message, ...messages], code };
  }
  const refusal = error instanceof DomainError ? refusals[error.code] : undefined;
  if (refusal !== undefined) return { messages: [refusal], code: 1 };
  const { kind, at } = describeError(error);
  return { messages: [`Unexpected error (${kind}).`, ...at, ...storageModuleHint()], code: 70 };
}

/** A connection's error has no stack frames of the module that opened it. */
function storageModuleHint(): string[] {
  const storage = process.env['STORAGE']?.trim() ?? '';
  if (/^(?:memory|redis)?$/.test(storage)) return [];
  const message = `It may come from STORAGE=${storage}, which must handle the errors of its own connections.`;
  return [hidePasswords(message)];
}

function outputErrorReport({ code, done, target }: OutputError): ExitReport {
  // A reader may stop before the end: `hexado --help | head -1`.
  if (code === 'EPIPE' && done === undefined) return { messages: [], code: 0 };
  const message = `${target} cannot be written (${code}).`;
  return { messages: done === undefined ? [message] : [done, message], code: 74 };
}
