import type { Clock } from '../../application/ports/environment.js';
import type { SessionRef, SessionRepository } from '../../application/ports/session-repository.js';
import { DomainError } from '../../domain/errors.js';
import {
  isAdoptable,
  isUnexpired,
  rotate,
  type RotationRequest,
  type Session,
} from '../../domain/session.js';
import type { User } from '../../domain/user.js';
import { ExpiringMap } from './expiring-map.js';

/** Every method does all its work before it returns its promise, so each method is one atomic step. */
export class InMemorySessionRepository implements SessionRepository {
  // In the order in which they were opened or last rotated. If all last equally long, they expire in this order.
  private readonly sessions = new Map<string, Session>();
  /** The session ids of each user, in the order in which they were opened. */
  private readonly idsByUser = new Map<number, Set<string>>();

  /** The ids of adopted sessions, ended ones included. */
  private readonly adopted: ExpiringMap<true>;
  /** When all sessions of a user were last ended. */
  private readonly endedAt = new Map<number, number>();

  constructor(
    private readonly accounts: ReadonlyMap<number, User>,
    private readonly clock: Clock,
  ) {
    this.adopted = new ExpiringMap(clock);
  }

  /** How many sessions are kept, including expired ones that are not dropped yet. */
  get size(): number {
    return this.sessions.size;
  }

  async open(session: Session, passwordHash: string, limit: number): Promise<number | undefined> {
    this.dropExpired();
    const user = this.accounts.get(session.userId);
    if (!user?.active || user.passwordHash !== passwordHash) return undefined;
    const held = this.activeSessions(user.id).toSorted((one, other) => one.lastUsedAt - other.lastUsedAt);
    const ended = held.slice(0, Math.max(0, held.length - limit + 1));
    for (const leastUsed of ended) this.remove(leastUsed);
    this.insert(session);
    return ended.length;
  }

  async adopt(session: Session): Promise<boolean> {
    const user = this.accounts.get(session.userId);
    const now = this.clock();
    const isKnown = this.adopted.get(session.id) || this.sessions.has(session.id);
    if (!user || isKnown || !isAdoptable(session, user, this.endedAt.get(user.id), now)) return false;
    this.adopted.set(session.id, true, session.current.expiresAt - now);
    this.insert(session);
    return true;
  }

  async find(session: SessionRef): Promise<Session | undefined> {
    return this.active(session);
  }

  async list(by: SessionRef): Promise<readonly Session[]> {
    this.requireActive(by);
    return this.activeSessions(by.userId);
  }

  async listOf(userId: number): Promise<readonly Session[]> {
    return this.activeSessions(userId);
  }

  async touch(ref: SessionRef, at: number): Promise<void> {
    const session = this.active(ref);
    if (session && session.lastUsedAt < at) this.sessions.set(session.id, { ...session, lastUsedAt: at });
  }

  async rotate(ref: SessionRef, request: RotationRequest): Promise<Session | 'reused' | 'gone'> {
    const session = this.active(ref);
    if (!session) return 'gone';
    const rotation = rotate(session, request, this.clock());
    if (rotation.outcome === 'reused') {
      this.remove(session);
      return 'reused';
    }
    this.sessions.delete(session.id);
    this.sessions.set(session.id, rotation.session);
    return rotation.session;
  }

  async end(ref: SessionRef): Promise<boolean> {
    const session = this.active(ref);
    if (session) this.remove(session);
    return session !== undefined;
  }

  async endOther(by: SessionRef, sessionId: string): Promise<boolean> {
    this.requireActive(by);
    return this.end({ userId: by.userId, sessionId });
  }

  async endAll(by: SessionRef): Promise<void> {
    this.requireActive(by);
    this.removeAll(by.userId);
  }

  async endAllOf(userId: number): Promise<number> {
    const { length } = this.activeSessions(userId);
    this.removeAll(userId);
    return length;
  }

  /** The session. Throws 'token_revoked' unless it is active now. */
  requireActive(ref: SessionRef): Session {
    const session = this.active(ref);
    if (!session) throw new DomainError('token_revoked');
    return session;
  }

  /** Ends every session of the user, except the one with the id `except`, and those that would be adopted. */
  removeAll(userId: number, except?: string): void {
    this.endedAt.set(userId, this.clock());
    for (const session of this.sessionsOf(userId)) if (session.id !== except) this.remove(session);
  }

  /** Forgets a user who has been removed. */
  forget(userId: number): void {
    this.removeAll(userId);
    this.endedAt.delete(userId);
  }

  /** The session, if it is active now. */
  private active({ userId, sessionId }: SessionRef): Session | undefined {
    const session = this.sessions.get(sessionId);
    return session?.userId === userId && isUnexpired(session, this.clock()) ? session : undefined;
  }

  private activeSessions(userId: number): Session[] {
    const now = this.clock();
    const active = this.sessionsOf(userId).filter((session) => isUnexpired(session, now));
    return active.toSorted((one, other) => one.openedAt - other.openedAt);
  }

  private sessionsOf(userId: number): Session[] {
    const ids = [...(this.idsByUser.get(userId) ?? [])];
    return ids.map((id) => this.sessions.get(id)).filter((session) => session !== undefined);
  }

  private insert(session: Session): void {
    this.sessions.set(session.id, session);
    const ids = this.idsByUser.get(session.userId);
    if (ids) ids.add(session.id);
    else this.idsByUser.set(session.userId, new Set([session.id]));
  }

  private remove(session: Session): void {
    this.sessions.delete(session.id);
    const ids = this.idsByUser.get(session.userId);
    ids?.delete(session.id);
    if (ids?.size === 0) this.idsByUser.delete(session.userId);
  }

  // Stops at the first session that has not expired, so that opening a session stays cheap, however many there are.
  private dropExpired(): void {
    const now = this.clock();
    for (const session of this.sessions.values()) {
      if (isUnexpired(session, now)) return;
      this.remove(session);
    }
  }
}
