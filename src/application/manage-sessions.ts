import { DomainError } from '../domain/errors.js';
import type { Session } from '../domain/session.js';
import type { ReportEvent } from './ports/events.js';
import type { SessionRef, SessionRepository } from './ports/session-repository.js';

/**
 * Lists and ends a user's own sessions. Another user's session is 'session_not_found', like a missing one. If the
 * session is not active, every method changes nothing and rejects with 'token_revoked'.
 */
export class ManageSessions {
  constructor(
    private readonly sessions: SessionRepository,
    private readonly report: ReportEvent,
  ) {}

  /** In the order in which they were opened. */
  list(session: SessionRef): Promise<readonly Session[]> {
    return this.sessions.list(session);
  }

  /** Ends a session of the user, which may be this one. */
  async end(session: SessionRef, sessionId: string): Promise<void> {
    const wasThere = await this.sessions.endOther(session, sessionId);
    if (!wasThere) throw new DomainError('session_not_found');
    this.report({ event: 'session_ended', userId: session.userId, sessionId, by: 'logout' });
  }

  /** Ends all sessions of the user, including this one. */
  async endAll(session: SessionRef): Promise<void> {
    await this.sessions.endAll(session);
    this.report({ event: 'session_ended', userId: session.userId, by: 'all' });
  }
}
