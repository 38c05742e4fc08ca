import { PortError, type PortErrorCode } from '../../src/application/ports.js';
import { DomainError, type ErrorCode } from '../../src/domain/errors.js';
import { InvalidFields, type FieldIssue } from '../../src/domain/fields.js';

type Issues = Readonly<Record<string, readonly FieldIssue[]>>;

/** What the call is refused with: the issues of its fields, or a code. Throws if it is not refused, or breaks. */
export async function refusalOf(promise: Promise<unknown>): Promise<ErrorCode | PortErrorCode | Issues> {
  return promise.then(notRefused, reason);
}

/** The same for a call that answers at once. */
export function refusalOfCall(call: () => unknown): ErrorCode | PortErrorCode | Issues {
  let answer: unknown;
  try {
    answer = call();
  } catch (error) {
    return reason(error);
  }
  return notRefused(answer);
}

function reason(error: unknown): ErrorCode | PortErrorCode | Issues {
  if (error instanceof InvalidFields) return error.issues;
  if (error instanceof DomainError || error instanceof PortError) return error.code;
  throw error;
}

function notRefused(answer: unknown): never {
  throw new Error(`not refused, but answered ${JSON.stringify(answer)}`);
}
