import type { ListedUser, UserDetails } from '../../../application/browse-users.js';
import type { AuditRecord } from '../../../domain/audit.js';
import { dateTime, presentAccount } from './account-json.js';

/** A user in a response to staff (docs/api.md, section 11). */
export function presentListedUser({ user, isStaff }: ListedUser): object {
  return { ...presentAccount(user), is_active: user.active, is_staff: isStaff };
}

/** The same with what the user has, in numbers. */
export function presentUserDetails(details: UserDetails): object {
  const { sessions, tasks } = details;
  return { ...presentListedUser(details), sessions, tasks: tasks.count, task_bytes: tasks.bytes };
}

export function presentAuditRecord({ id, at, by, actor, act, userId, username }: AuditRecord): object {
  return { id, at: dateTime(at), by, actor, act, user_id: userId, username };
}
