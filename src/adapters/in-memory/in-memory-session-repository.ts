import type { Clock, SessionRepository } from '../../application/ports.js';
import { isUnexpired, rotate, type RefreshGeneration, type Session } from '../../domain/session.js';
import type { User } from '../../domain/user.js';

/** Every method does its whole work before it returns its promise: that makes each of them one step. */
export class InMemorySessionRepository implements SessionRepository {
  // In the order in which they were opened or last rotated; where all last equally long, that in which they expire.
  private readonly sessions = new Map<string, Session>();
  private readonly idsByUser = new Map<number, Set<string>>();

  constructor(
    private readonly accounts: ReadonlyMap<number, User>,
    private readonly clock: Clock,
  ) {}

  /** How many sessions are kept, expired ones that are not dropped yet included. */
  get size(): number {
    return this.sessions.size;
  }

  async open(session: Session, passwordHash: string): Promise<boolean> {
    this.dropExpired();
    const user = this.accounts.get(session.userId);
    if (!user?.active || user.passwordHash !== passwordHash) return false;
    this.insert(session);
    return true;
  }

  async find(userId: number, sessionId: string): Promise<Session | undefined> {
    return this.live(userId, sessionId);
  }

  async rotate(
    userId: number,
    sessionId: string,
    presentedId: string,
    next: RefreshGeneration,
    grace: number,
  ): Promise<Session | 'reused' | 'gone'> {
    const session = this.live(userId, sessionId);
    if (!session) return 'gone';
    const rotation = rotate(session, presentedId, next, this.clock(), grace);
    this.remove(session);
    if (rotation.outcome === 'reused') return 'reused';
    this.insert(rotation.session);
    return rotation.session;
  }

  async end(userId: number, sessionId: string): Promise<boolean> {
    const session = this.live(userId, sessionId);
    if (session) this.remove(session);
    return session !== undefined;
  }

  /** The session, if it is live now. */
  live(userId: number, sessionId: string): Session | undefined {
    const session = this.sessions.get(sessionId);
    return session?.userId === userId && isUnexpired(session, this.clock()) ? session : undefined;
  }

  /** Ends every session of the user. */
  endAll(userId: number): void {
    for (const id of this.idsByUser.get(userId) ?? []) this.sessions.delete(id);
    this.idsByUser.delete(userId);
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
