import type { Session } from '../../../domain/session.js';
import type { User } from '../../../domain/user.js';

/** An account in a response (docs/api.md, section 1). */
export function presentAccount({ id, username, createdAt }: User): object {
  return { id, username, date_joined: dateTime(createdAt) };
}

/** A session in a response; `currentId` is that of the session that asks. */
export function presentSession({ id, openedAt, lastUsedAt, address }: Session, currentId: string): object {
  return {
    id,
    current: id === currentId,
    signed_in_at: dateTime(openedAt),
    last_used_at: dateTime(lastUsedAt),
    address: address ?? null,
  };
}

/** Whole seconds since the epoch as an RFC 3339 date and time. */
function dateTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000', '');
}
