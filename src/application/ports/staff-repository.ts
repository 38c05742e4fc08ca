import type { AuditPage, AuditRecord, NewAuditRecord } from '../../domain/audit.js';
import type { Session } from '../../domain/session.js';
import type { StaffAct } from '../../domain/staff.js';
import type { SessionRef } from './session-repository.js';

/** A record of what a member of staff is about to do. */
export type StaffActRecord = NewAuditRecord & { readonly act: StaffAct };

/**
 * Staff, who administer other users, and the audit log. Only active users are staff: whoever is deactivated or removed, by
 * any method, is staff no more, also when they are activated again. While there are staff, one of them stays: a method
 * that would take the right from the last one changes nothing and rejects with 'last_administrator'. Whoever loses the
 * right with their account loses the right first: so if a call fails in between, or its session ends, they keep the account
 * alone.
 */
export interface StaffRepository {
  /** Makes the user staff, who may be staff already. False, and no change, if there is no such active user. */
  add(userId: number): Promise<boolean>;
  /** Takes the right away. False if the user is not staff. */
  remove(userId: number): Promise<boolean>;
  /** The ids of all staff, in ascending order. */
  list(): Promise<readonly number[]>;
  /** The session, if its user is staff. Rejects with 'token_revoked' if it is not active, and then with 'not_staff'. */
  authorise(by: SessionRef): Promise<Session>;
  /**
   * Does `record.act` to the user `record.userId`, and adds the record to the audit log first: no act is done without its
   * record. False, and no record, if there is no such user; one who is removed or made staff at the same time may leave a
   * record of an act that is not done.
   *
   * - `activate`: does what `users.activate` does.
   * - `deactivate`: does what `users.deactivate` does.
   * - `end_sessions`: does what `sessions.endAllOf` does.
   * - `delete`: does what `users.remove` does.
   *
   * Rejects with 'last_administrator' before everything else, so that of two staff who deactivate each other, the second
   * one hears of it; then as `authorise` does. An act that has begun before its session has ended, or its right was taken
   * away, may still be done; one that begins after that is not.
   */
  act(by: SessionRef, record: StaffActRecord): Promise<boolean>;
  /** Adds a record of what an operator has done, also to somebody who is gone. */
  record(record: NewAuditRecord): Promise<void>;
  /** The records on this page of the audit log, which keeps the last `maxAuditRecords`, whoever is removed. */
  records(page: AuditPage): Promise<readonly AuditRecord[]>;
}
