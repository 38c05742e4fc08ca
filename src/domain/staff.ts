import { mayBeAdopted, type Session } from './session.js';

/** What staff can do to an account. */
export const staffActs = ['activate', 'deactivate', 'end_sessions', 'delete'] as const;

export type StaffAct = (typeof staffActs)[number];

/** Whether the act takes away the subject's own right, if the subject is staff. */
export function takesRight(act: StaffAct): boolean {
  return act === 'deactivate' || act === 'delete';
}

/** For so many seconds after a sign-in, staff need not give their password again. */
const freshFor = 600;

/**
 * Whether the user of the session has given their password just now. A session that was adopted proves no password, and
 * stays what it is when such tokens are accepted no more. Clocks of processes may disagree by seconds.
 */
export function isFresh(session: Session, now: number): boolean {
  return Math.abs(now - session.openedAt) < freshFor && !mayBeAdopted(session);
}
