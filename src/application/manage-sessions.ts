import { DomainError } from '../domain/errors.js';
import type { Session } from '../domain/session.js';
import type { Caller } from './authenticate.js';
import type { SessionRepository } from './ports.js';

/**
 * What callers do with their own sessions. A session of somebody else is 'session_not_found', like a missing one. Nothing
 * ends and nothing is told unless the session that the caller calls from is live, which is 'token_revoked' otherwise.
 */
export class ManageSessions {
  constructor(private readonly sessions: SessionRepository) {}

  /** In the order in which they were opened. */
  async list({ userId, sessionId: within }: Caller): Promise<readonly Session[]> {
    const live = await this.sessions.list(userId);
    if (!live.some(({ id }) => id === within)) throw new DomainError('token_revoked');
    return live;
  }

  /** Ends any of the caller's sessions, the one they call from included. */
  async end({ userId, sessionId: within }: Caller, sessionId: string): Promise<void> {
    const wasThere = await this.sessions.end(userId, sessionId, within);
    if (!wasThere) throw new DomainError('session_not_found');
  }

  /** The session that the caller calls from ends too. */
  async endAll({ userId, sessionId }: Caller): Promise<void> {
    await this.sessions.endAll(userId, sessionId);
  }
}
