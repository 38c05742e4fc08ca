import type { Clock, SessionRepository } from '../../application/ports.js';
import { DomainError } from '../../domain/errors.js';
import { isUnexpired, rotate, type RefreshGeneration, type Session } from '../../domain/session.js';
import type { User } from '../../domain/user.js';

/** Every method does its whole work before it returns its promise: that makes each of them one step. */
export class InMemorySessionRepository implements SessionRepository {
  // In the order in which they were opened or last rotated; where all last equally long, that in which they expire.
  private readonly sessions = new Map<string, Session>();
  /** Each user's in the order in which they were opened. */
  private readonly idsByUser = new Map<number, Set<string>>();

  constructor(
    private readonly accounts: ReadonlyMap<number, User>,
    private readonly clock: Clock,
  ) {}

  /** How many sessions are kept, expired ones that are not dropped yet included. */
  get size(): number {
    return this.sessions.size;
  }

  async open(session: Session, passwordHash: string, limit = Infinity): Promise<number | undefined> {
    this.dropExpired();
    const user = this.accounts.get(session.userId);
    if (!user?.active || user.passwordHash !== passwordHash) return undefined;
    const held = this.liveSessions(user.id).toSorted((one, other) => one.lastUsedAt - other.lastUsedAt);
    const ended = held.slice(0, Math.max(0, held.length - limit + 1));
    for (const leastUsed of ended) this.remove(leastUsed);
    this.insert(session);
    return ended.length;
  }

  async find(userId: number, sessionId: string): Promise<Session | undefined> {
    return this.live(userId, sessionId);
  }

  async list(userId: number): Promise<readonly Session[]> {
    return this.liveSessions(userId);
  }

  async touch(userId: number, sessionId: string, at: number): Promise<void> {
    const session = this.live(userId, sessionId);
    if (session && session.lastUsedAt < at) this.sessions.set(session.id, { ...session, lastUsedAt: at });
  }

  async rotate(
    userId: number,
    sessionId: string,
    presented: Pick<RefreshGeneration, 'id' | 'issuedAt'>,
    next: RefreshGeneration,
    grace: number,
  ): Promise<Session | 'reused' | 'gone'> {
    const session = this.live(userId, sessionId);
    if (!session) return 'gone';
    const rotation = rotate(session, presented, next, this.clock(), grace);
    if (rotation.outcome === 'reused') {
      this.remove(session);
      return 'reused';
    }
    this.sessions.delete(session.id);
    this.sessions.set(session.id, rotation.session);
    return rotation.session;
  }

  async end(userId: number, sessionId: string, within?: string): Promise<boolean> {
    this.requireLive(userId, within);
    const session = this.live(userId, sessionId);
    if (session) this.remove(session);
    return session !== undefined;
  }

  async endAll(userId: number, within: string): Promise<void> {
    this.requireLive(userId, within);
    this.removeAll(userId);
  }

  /** Throws 'token_revoked' if a session is named that is not live now. */
  requireLive(userId: number, within: string | undefined): void {
    if (within !== undefined && !this.live(userId, within)) throw new DomainError('token_revoked');
  }

  /** Ends every session of the user, but the one that is named. */
  removeAll(userId: number, except?: string): void {
    for (const session of this.sessionsOf(userId)) if (session.id !== except) this.remove(session);
  }

  /** The session, if it is live now. */
  private live(userId: number, sessionId: string): Session | undefined {
    const session = this.sessions.get(sessionId);
    return session?.userId === userId && isUnexpired(session, this.clock()) ? session : undefined;
  }

  private liveSessions(userId: number): Session[] {
    const now = this.clock();
    const live = this.sessionsOf(userId).filter((session) => isUnexpired(session, now));
    return live.toSorted((one, other) => one.openedAt - other.openedAt);
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

  // Looks no further than the first session that is live, so that opening one stays cheap however many there are.
  private dropExpired(): void {
    const now = this.clock();
    for (const session of this.sessions.values()) {
      if (isUnexpired(session, now)) return;
      this.remove(session);
    }
  }
}
