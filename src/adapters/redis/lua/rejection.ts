import { ReplyError } from 'ioredis';
import {
  storageRejections,
  UnreadableData,
  type StorageRejection,
} from '../../../application/ports/storage.js';
import { DomainError } from '../../../domain/errors.js';

// A script rejects with an error reply. Like the error replies of Redis, it begins with a code.
const rejected = 'REJECTED ';
const unreadable = 'UNREADABLE ';

/** Lua that rejects. The script must not have written anything yet. */
export function reject(code: StorageRejection): string {
  return `return redis.error_reply('${rejected}${code}')`;
}

/** Lua that rejects because the data at a key cannot be read. `key` is the name of a variable. */
export function rejectUnreadable(key: string): string {
  return `return redis.error_reply('${unreadable}' .. ${key})`;
}

/** The rejection of a script; undefined for any other error. */
export function rejectionOf(error: unknown): DomainError | UnreadableData | undefined {
  if (!(error instanceof ReplyError)) return undefined;
  const { message } = error as Error;
  if (message.startsWith(unreadable)) return new UnreadableData(message.slice(unreadable.length));
  const code = storageRejections.find((each) => message === `${rejected}${each}`);
  return code && new DomainError(code);
}
