import { randomUUID } from 'node:crypto';
import type { SessionRef, SessionRepository } from '../../application/ports/session-repository.js';
import type { StaffActRecord, StaffRepository } from '../../application/ports/staff-repository.js';
import { UnreadableData } from '../../application/ports/storage.js';
import { auditedAs, type AuditPage, type AuditRecord, type NewAuditRecord } from '../../domain/audit.js';
import { DomainError } from '../../domain/errors.js';
import type { Session } from '../../domain/session.js';
import { takesRight, type StaffAct } from '../../domain/staff.js';
import type { RedisConnection } from './connection/redis-connection.js';
import type { Keys } from './keys.js';
import type { RedisUserRepository } from './redis-user-repository.js';
import type { StaffMembers } from './staff-members.js';
import * as scripts from './staff-scripts.js';

/**
 * An act takes several steps, since staff, their sessions and other users are in different slots: the session is checked;
 * one step checks the right, takes that of the other user and writes the record; and then the account is changed.
 */
export class RedisStaffRepository implements StaffRepository {
  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: Keys,
    private readonly members: StaffMembers,
    private readonly users: RedisUserRepository,
    private readonly sessions: SessionRepository,
  ) {}

  add(userId: number): Promise<boolean> {
    return this.members.add(userId);
  }

  remove(userId: number): Promise<boolean> {
    return this.members.remove(userId);
  }

  list(): Promise<readonly number[]> {
    return this.members.list();
  }

  async authorise(by: SessionRef): Promise<Session> {
    const [session, isStaff] = await Promise.all([this.sessions.find(by), this.members.has(by.userId)]);
    if (!session) throw new DomainError('token_revoked');
    if (!isStaff) throw new DomainError('not_staff');
    return session;
  }

  async act(by: SessionRef, { act, userId, ...rest }: StaffActRecord): Promise<boolean> {
    const endsRight = takesRight(act);
    const [session, user] = await Promise.all([this.sessions.find(by), this.users.find(userId)]);
    // After the session: of two staff who deactivate each other, the second one hears why.
    const [isLast, isStaff] = await Promise.all([
      endsRight && this.isLast(userId),
      this.members.has(by.userId),
    ]);
    if (isLast) throw new DomainError('last_administrator');
    if (!session) throw new DomainError('token_revoked');
    if (!isStaff) throw new DomainError('not_staff');
    if (!user) return false;
    if (endsRight) await this.members.forgetLost();
    await scripts.beginAct(this.redis, {
      staff: this.keys.staff,
      audit: this.keys.audit,
      operation: this.keys.staffOperation(randomUUID()),
      by: by.userId,
      userId,
      endsRight: endsRight ? 1 : 0,
      text: serialise({ act, userId, ...rest }),
    });
    return this.does[act](userId);
  }

  async record(record: NewAuditRecord): Promise<void> {
    const operation = this.keys.staffOperation(randomUUID());
    await scripts.addAuditRecord(this.redis, { audit: this.keys.audit, operation, text: serialise(record) });
  }

  async records({ before, limit }: AuditPage): Promise<readonly AuditRecord[]> {
    const { audit } = this.keys;
    const below = before === Infinity ? '+inf' : `(${before}`;
    const texts = await this.redis.send((client) =>
      client.zrange(audit, below, '-inf', 'BYSCORE', 'REV', 'LIMIT', 0, limit),
    );
    return texts.map((text) => parse(text, audit));
  }

  private async isLast(userId: number): Promise<boolean> {
    const staff = await this.members.list();
    return staff.length === 1 && staff[0] === userId;
  }

  private readonly does: Readonly<Record<StaffAct, (userId: number) => Promise<boolean>>> = {
    activate: (userId) => this.users.activate(userId),
    deactivate: (userId) => this.users.deactivate(userId),
    end_sessions: async (userId) => {
      await this.sessions.endAllOf(userId);
      return true;
    },
    delete: (userId) => this.users.remove(userId),
  };
}

/** A record as text: a JSON array. The script puts the id and a space before it. */
function serialise({ at, by, actor, act, userId, username }: NewAuditRecord): string {
  return JSON.stringify([at, by, actor, act, userId, username]);
}

function parse(text: string, key: string): AuditRecord {
  const [, number = '', json = ''] = /^(\d{1,15}) (.*)$/s.exec(text) ?? [];
  const [at, by, actor, act, userId, username] = parseArray(json);
  const author = auditedAs.find((each) => each === by);
  const isRead =
    author &&
    Number.isSafeInteger(at) &&
    Number.isSafeInteger(userId) &&
    [actor, act, username].every((each) => typeof each === 'string');
  if (!isRead) throw new UnreadableData(key, number);
  return { id: Number(number), at, by: author, actor, act, userId, username } as AuditRecord;
}

function parseArray(json: string): readonly unknown[] {
  try {
    return [...(JSON.parse(json) as unknown[])];
  } catch {
    return [];
  }
}
