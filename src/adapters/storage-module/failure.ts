import { codeOf, describeError } from '../../application/describe-error.js';
import { StorageUnavailable, UnknownLayout } from '../../application/ports/storage.js';
import { asSentence } from './as-sentence.js';

/** There is no storage yet; the cause is the error of `createStorage`. */
export class NotCreated extends StorageUnavailable {
  constructor(cause: unknown) {
    const { reason, advice } = unavailable('createStorage', cause);
    super(reason, { advice, cause });
  }
}

/** A system's codes for a server that cannot be reached, and the classes of SQLSTATE for one that serves nobody now. */
const codesOfOutages =
  /^(?:E(?:CONN(?:REFUSED|RESET|ABORTED)|TIMEDOUT|PIPE|HOSTUNREACH|HOSTDOWN|NETUNREACH|NETDOWN|NOTFOUND|AI_AGAIN)|(?:08|53|57)[A-Z\d]{3})$/;

/** Errors that show a mistake in the program, and values that are no errors. With a code they come from a driver. */
const kindsOfFaults = /^(?:(?:Type|Range|Reference|Syntax)Error|InvalidResult|UnreadableData|[a-z]+)$/;

/** What is logged as it is of the reason that a module gives: a few words, not a message that quotes values. */
const plainWords = /^[\w .,:;/-]{1,80}$/;

/** What is read of the errors of a module. */
const members = ['name', 'message', 'stack', 'code', 'cause', 'syscall', 'reason', 'advice'];

/**
 * What a module has thrown, as it can be handled here: a TypeError if it cannot be read, as a proxy or an object whose
 * getters throw, and our own UnknownLayout for that of another copy of `hexado/storage`.
 */
export function received(thrown: unknown): unknown {
  try {
    if (!(thrown instanceof Error)) return String(thrown) && thrown;
    for (const member of members) Reflect.get(thrown, member);
    if (thrown instanceof UnknownLayout || !isUnavailable(thrown) || thrown.name !== 'UnknownLayout')
      return thrown;
    const { reason, advice } = inPlainWords(thrown);
    return new UnknownLayout(reason ?? 'data of an unknown layout', { advice });
  } catch {
    return new TypeError('what was thrown cannot be read');
  }
}

/** Whether the error says that the storage behind a module cannot be reached now. */
export function isOutage(error: unknown): boolean {
  const isConnecting = error instanceof Error && 'syscall' in error && error.syscall === 'connect';
  return isUnavailable(error) || isConnecting || codesOfOutages.test(codeOf(error) ?? '');
}

/** Whether the error is a mistake of the module, whatever the storage behind it does. */
export function isFault(error: unknown): boolean {
  return !isUnavailable(error) && kindsOfFaults.test(describeError(error).kind);
}

/** The error for the caller of a method. Its reason has the method that failed and the code of the driver. */
export function unavailable(method: string, error: unknown): StorageUnavailable {
  if (error instanceof NotCreated || error instanceof UnknownLayout) return error;
  const { reason, advice } = isUnavailable(error) ? inPlainWords(error) : {};
  const words = reason ?? describeError(error).kind;
  const code = codeOf(error) ?? '';
  return new StorageUnavailable(`${method}: ${words.includes(code) ? words : `${words} ${code}`}`, {
    advice,
  });
}

function inPlainWords({ reason, advice }: { readonly reason?: unknown; readonly advice?: unknown }) {
  return {
    reason: typeof reason === 'string' && plainWords.test(reason) ? reason : undefined,
    advice: typeof advice === 'string' ? asSentence(advice) : undefined,
  };
}

/** Recognized by its code: a storage module need not use our error class. */
function isUnavailable(error: unknown): error is { readonly reason?: unknown; readonly advice?: unknown } {
  return error instanceof Error && 'code' in error && error.code === 'storage_unavailable';
}
