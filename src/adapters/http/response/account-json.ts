import type { Session } from '../../../domain/session.js';
import type { Account } from '../../../application/read-account.js';
import type { User } from '../../../domain/user.js';
import { writableTime } from '../../../domain/writable-time.js';

/** An account in a response (docs/api.md, section 1). */
export function presentAccount({ id, username, createdAt }: User): object {
  return { id, username, date_joined: dateTime(createdAt) };
}

/** One's own account. Only staff are told that they are. */
export function presentOwnAccount({ user, isStaff }: Account): object {
  return { ...presentAccount(user), ...(isStaff && { is_staff: true }) };
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

/** Seconds since the epoch as an RFC 3339 date and time. */
export function dateTime(seconds: number): string {
  return new Date(writableTime(seconds)).toISOString().replace('.000', '');
}
