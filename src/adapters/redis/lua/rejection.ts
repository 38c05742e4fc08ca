import { ReplyError } from 'ioredis';
import {
  storageRejections,
  UnreadableData,
  type StorageRejection,
} from '../../../application/ports/storage.js';
import { DomainError } from '../../../domain/errors.js';

// How a script rejects: by an error reply, which begins with a code as those of Redis do.
const rejected = 'REJECTED ';
const unreadable = 'UNREADABLE ';

/** Lua that ends a script, which has written nothing yet, with a rejection. */
export function reject(code: StorageRejection): string {
  return `return redis.error_reply('${rejected}${code}')`;
}

/** The same where what is stored at a key cannot be read; `key` is the name of a variable. */
export function rejectUnreadable(key: string): string {
  return `return redis.error_reply('${unreadable}' .. ${key})`;
}

/** What a script has rejected with; undefined for any other error. */
export function rejectionOf(error: unknown): DomainError | UnreadableData | undefined {
  if (!(error instanceof ReplyError)) return undefined;
  const { message } = error as Error;
  if (message.startsWith(unreadable)) return new UnreadableData(message.slice(unreadable.length));
  const code = storageRejections.find((each) => message === `${rejected}${each}`);
  return code && new DomainError(code);
}
