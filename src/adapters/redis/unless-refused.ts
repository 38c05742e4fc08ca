import { storageRejections, UnreadableData, type StorageRejection } from '../../application/ports.js';
import { DomainError } from '../../domain/errors.js';

/** Before the key of what cannot be read. */
const unreadable = 'unreadable ';

/** What a script answers instead of anything else when it changes nothing, and why. */
export type Refused = StorageRejection | `unreadable ${string}`;

/** The reply of a script; throws what it was refused for. */
export function unlessRefused<T>(reply: T | Refused): Exclude<T, Refused> {
  if (typeof reply === 'string' && reply.startsWith(unreadable)) {
    throw new UnreadableData(reply.slice(unreadable.length));
  }
  if (isRejection(reply)) throw new DomainError(reply);
  return reply as Exclude<T, Refused>;
}

function isRejection(reply: unknown): reply is StorageRejection {
  return storageRejections.some((code) => code === reply);
}
