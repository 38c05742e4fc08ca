import { DomainError } from '../../domain/errors.js';

/** What a script answers instead of anything else when it changes nothing, and why. */
export type Refused = 'token_revoked' | 'task_limit_reached';

/** The reply of a script; throws what it was refused for. */
export function unlessRefused<T>(reply: T | Refused): Exclude<T, Refused> {
  if (isRefused(reply)) throw new DomainError(reply);
  return reply as Exclude<T, Refused>;
}

function isRefused(reply: unknown): reply is Refused {
  return reply === 'token_revoked' || reply === 'task_limit_reached';
}
