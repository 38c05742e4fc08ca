import type { SessionRef } from '../../application/ports/session-repository.js';
import type { StaffActRecord, StaffRepository } from '../../application/ports/staff-repository.js';
import {
  maxAuditRecords,
  type AuditPage,
  type AuditRecord,
  type NewAuditRecord,
} from '../../domain/audit.js';
import { DomainError } from '../../domain/errors.js';
import type { Session } from '../../domain/session.js';
import { takesRight, type StaffAct } from '../../domain/staff.js';
import type { User } from '../../domain/user.js';
import type { InMemorySessionRepository } from './in-memory-session-repository.js';
import type { InMemoryUserRepository } from './in-memory-user-repository.js';
import type { StaffMembers } from './staff-members.js';

/** Every method does all its work before it returns its promise, so each method is one atomic step. */
export class InMemoryStaffRepository implements StaffRepository {
  /** The last ones, in the order of their ids. */
  private readonly log: AuditRecord[] = [];
  private lastRecordId = 0;

  constructor(
    private readonly accounts: ReadonlyMap<number, User>,
    private readonly members: StaffMembers,
    private readonly users: InMemoryUserRepository,
    private readonly sessions: InMemorySessionRepository,
  ) {}

  async add(userId: number): Promise<boolean> {
    if (!this.accounts.get(userId)?.active) return false;
    this.members.add(userId);
    return true;
  }

  async remove(userId: number): Promise<boolean> {
    return this.members.remove(userId);
  }

  async list(): Promise<readonly number[]> {
    return this.members.list();
  }

  async authorise(by: SessionRef): Promise<Session> {
    const session = this.sessions.requireActive(by);
    if (!this.members.has(by.userId)) throw new DomainError('not_staff');
    return session;
  }

  async act(by: SessionRef, record: StaffActRecord): Promise<boolean> {
    const { act, userId } = record;
    if (takesRight(act)) this.members.requireAnother(userId);
    this.sessions.requireActive(by);
    if (!this.members.has(by.userId)) throw new DomainError('not_staff');
    if (!this.accounts.has(userId)) return false;
    this.addRecord(record);
    await this.does[act](userId);
    return true;
  }

  async record(record: NewAuditRecord): Promise<void> {
    this.addRecord(record);
  }

  async records({ before, limit }: AuditPage): Promise<readonly AuditRecord[]> {
    return this.log
      .filter(({ id }) => id < before)
      .toReversed()
      .slice(0, limit);
  }

  private readonly does: Readonly<Record<StaffAct, (userId: number) => Promise<unknown>>> = {
    activate: (userId) => this.users.activate(userId),
    deactivate: (userId) => this.users.deactivate(userId),
    end_sessions: (userId) => this.sessions.endAllOf(userId),
    delete: (userId) => this.users.remove(userId),
  };

  private addRecord(record: NewAuditRecord): void {
    this.log.push({ id: ++this.lastRecordId, ...record });
    if (this.log.length > maxAuditRecords) this.log.shift();
  }
}
