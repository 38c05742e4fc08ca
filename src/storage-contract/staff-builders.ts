import type { SessionRef } from '../application/ports/session-repository.js';
import type { StaffActRecord } from '../application/ports/staff-repository.js';
import type { Storage } from '../application/ports/storage.js';
import type { AuditRecord, NewAuditRecord } from '../domain/audit.js';
import type { StaffAct } from '../domain/staff.js';
import type { User } from '../domain/user.js';
import { refTo, signIn } from './builders.js';
import type { SettableClock } from './settable-clock.js';

/** A user who is staff and has signed in. */
export interface Administrator {
  readonly user: User;
  readonly ref: SessionRef;
}

/** Adds a user who is staff, and opens a session for them. */
export async function addAdministrator(
  storage: Storage,
  clock: SettableClock,
  username = 'ada',
): Promise<Administrator> {
  const { user, ref } = await signIn(storage, clock, { id: sessionOf({ username }) }, username);
  await storage.staff.add(user.id);
  return { user, ref };
}

/** The id of the session that `addAdministrator` has opened. */
function sessionOf({ username }: Pick<User, 'username'>): string {
  return `session of ${username}`;
}

/** A record of what an operator has done. */
export function aRecord(given: Partial<NewAuditRecord> = {}): NewAuditRecord {
  return {
    at: 1_700_000_000,
    by: 'operator',
    actor: 'root',
    act: 'deactivate',
    userId: 7,
    username: 'bob',
    ...given,
  };
}

/** A record of what the administrator `ada` is about to do to this user. */
export function anActOn({ id, username }: Pick<User, 'id' | 'username'>, act: StaffAct): StaffActRecord {
  return { at: 1_700_000_000, by: 'staff', actor: 'ada', act, userId: id, username };
}

/** The latest records of the audit log, the latest one first. */
export async function recordsOf({ staff }: Storage, limit = 100): Promise<readonly AuditRecord[]> {
  return staff.records({ before: Infinity, limit });
}

/** A record as it was given to the storage. */
export function withoutId(record: AuditRecord): NewAuditRecord {
  const { id: _, ...given } = record;
  return given;
}

/** Calls that take the right of staff from a user, by what they are. `by` is a session of somebody who is staff. */
export const takers: Readonly<
  Record<string, (storage: Storage, user: User, by: SessionRef) => Promise<boolean>>
> = {
  'staff.remove': ({ staff }, user) => staff.remove(user.id),
  'users.deactivate': ({ users }, user) => users.deactivate(user.id),
  'users.remove': ({ users }, user) => users.remove(user.id),
  'users.removeOwn': ({ users }, user) => users.removeOwn(refTo(user, sessionOf(user))),
  'staff.act deactivate': ({ staff }, user, by) => staff.act(by, anActOn(user, 'deactivate')),
  'staff.act delete': ({ staff }, user, by) => staff.act(by, anActOn(user, 'delete')),
};
