import { PortError, type PortErrorCode } from '../../src/application/ports/port-error.js';
import { DomainError, type ErrorCode } from '../../src/domain/errors.js';
import { InvalidFields, type FieldIssue } from '../../src/domain/input.js';

type Issues = Readonly<Record<string, readonly FieldIssue[]>>;

/** What the call rejects with: the issues of its fields, or an error code. Throws if it does not reject, or fails otherwise. */
export async function rejectionOf(promise: Promise<unknown>): Promise<ErrorCode | PortErrorCode | Issues> {
  return promise.then(notRejected, reason);
}

/** The same for a synchronous call. */
export function rejectionOfCall(call: () => unknown): ErrorCode | PortErrorCode | Issues {
  let result: unknown;
  try {
    result = call();
  } catch (error) {
    return reason(error);
  }
  return notRejected(result);
}

function reason(error: unknown): ErrorCode | PortErrorCode | Issues {
  if (error instanceof InvalidFields) return error.issues;
  if (error instanceof DomainError || error instanceof PortError) return error.code;
  throw error;
}

function notRejected(result: unknown): never {
  throw new Error(`not rejected, but returned ${JSON.stringify(result)}`);
}
