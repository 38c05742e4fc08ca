import { PortError, type PortErrorCode } from '../../src/application/ports/port-error.js';
import { DomainError, type ErrorCode } from '../../src/domain/errors.js';
import { InvalidFields, type FieldIssue } from '../../src/domain/input.js';

type Issues = Readonly<Record<string, readonly FieldIssue[]>>;

/** What the call is refused with: the issues of its fields, or a code. Throws if it is not refused, or breaks. */
export async function rejectionOf(promise: Promise<unknown>): Promise<ErrorCode | PortErrorCode | Issues> {
  return promise.then(notRejected, reason);
}

/** The same for a call that answers at once. */
export function rejectionOfCall(call: () => unknown): ErrorCode | PortErrorCode | Issues {
  let answer: unknown;
  try {
    answer = call();
  } catch (error) {
    return reason(error);
  }
  return notRejected(answer);
}

function reason(error: unknown): ErrorCode | PortErrorCode | Issues {
  if (error instanceof InvalidFields) return error.issues;
  if (error instanceof DomainError || error instanceof PortError) return error.code;
  throw error;
}

function notRejected(answer: unknown): never {
  throw new Error(`not refused, but answered ${JSON.stringify(answer)}`);
}
