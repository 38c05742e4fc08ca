import { DomainError } from '../domain/errors.js';
import type { Session } from '../domain/session.js';
import type { SessionRef, SessionRepository } from './ports/session-repository.js';

/**
 * What users do with their own sessions. A session of somebody else is 'session_not_found', like a missing one. Everything
 * rejects with 'token_revoked', and does nothing, unless the session is active.
 */
export class ManageSessions {
  constructor(private readonly sessions: SessionRepository) {}

  /** In the order in which they were opened. */
  list(session: SessionRef): Promise<readonly Session[]> {
    return this.sessions.list(session);
  }

  /** Ends any session of the user, this one included. */
  async end(session: SessionRef, sessionId: string): Promise<void> {
    const wasThere = await this.sessions.endOther(session, sessionId);
    if (!wasThere) throw new DomainError('session_not_found');
  }

  /** This session ends too. */
  async endAll(session: SessionRef): Promise<void> {
    await this.sessions.endAll(session);
  }
}
