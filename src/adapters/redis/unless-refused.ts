import { DomainError } from '../../domain/errors.js';

const reasons = ['token_revoked', 'task_limit_reached', 'request_key_reused'] as const;

/** What a script answers instead of anything else when it changes nothing, and why. */
export type Refused = (typeof reasons)[number];

/** The reply of a script; throws what it was refused for. */
export function unlessRefused<T>(reply: T | Refused): Exclude<T, Refused> {
  if (isRefused(reply)) throw new DomainError(reply);
  return reply as Exclude<T, Refused>;
}

function isRefused(reply: unknown): reply is Refused {
  return reasons.some((reason) => reason === reply);
}
