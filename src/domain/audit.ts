import type { StaffAct } from './staff.js';

/** What somebody has done to an account. */
export interface AuditRecord {
  /** Positive, and greater than that of every earlier record. */
  readonly id: number;
  /** When it was done, in whole seconds since the epoch. */
  readonly at: number;
  /** Whether it was a member of staff, or somebody at the command line. */
  readonly by: (typeof auditedAs)[number];
  /** The user name of the member of staff, or the name of the user of the operating system. */
  readonly actor: string;
  /** A word such as `deactivate`. */
  readonly act: string;
  /** The account that it was done to, which may be deleted by now. */
  readonly userId: number;
  readonly username: string;
}

/** What operators can do to an account: what staff can do, and more. */
export type OperatorAct =
  | StaffAct
  | 'create'
  | 'set_password'
  /** To make a link for a new password. */
  | 'reset'
  /** To add a user without a password, or make another link for them. */
  | 'invite'
  | 'promote'
  | 'demote';

export const auditedAs = ['staff', 'operator'] as const;

/** A record before the storage assigns an id. */
export type NewAuditRecord = Omit<AuditRecord, 'id'>;

/** So many records are kept, the latest ones. */
export const maxAuditRecords = 10_000;

/** A page of records, the latest first: at most `limit` with an id below `before`, which is `Infinity` for the first page. */
export interface AuditPage {
  readonly before: number;
  /** From 1 to `maxPageSize`. */
  readonly limit: number;
}
