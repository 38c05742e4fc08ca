import { DomainError, UnreadableData } from '../../domain/errors.js';

const reasons = [
  'token_revoked',
  'task_limit_reached',
  'byte_limit_reached',
  'request_key_reused',
  'request_limit_reached',
] as const;

/** Before the key of what cannot be read. */
const unreadable = 'unreadable ';

/** What a script answers instead of anything else when it changes nothing, and why. */
export type Refused = Reason | `unreadable ${string}`;

type Reason = (typeof reasons)[number];

/** The reply of a script; throws what it was refused for. */
export function unlessRefused<T>(reply: T | Refused): Exclude<T, Refused> {
  if (typeof reply === 'string' && reply.startsWith(unreadable)) {
    throw new UnreadableData(reply.slice(unreadable.length));
  }
  if (isReason(reply)) throw new DomainError(reply);
  return reply as Exclude<T, Refused>;
}

function isReason(reply: unknown): reply is Reason {
  return reasons.some((reason) => reason === reply);
}
