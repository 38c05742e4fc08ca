import { adoptedSession, type TokenClaims } from '../domain/session.js';
import type { ReportEvent } from './ports/events.js';
import type { SessionRepository } from './ports/session-repository.js';

/** Lets the tokens of the replaced backend go on: each becomes a session when it is first seen. */
export class AdoptLegacyToken {
  constructor(
    private readonly sessions: SessionRepository,
    private readonly report: ReportEvent,
  ) {}

  /** Opens the session of a legacy token, unless it had one before or may not have one. Does nothing for other tokens. */
  async execute(claims: TokenClaims): Promise<void> {
    if (!claims.isLegacy || !(await this.sessions.adopt(adoptedSession(claims)))) return;
    this.report({ event: 'session_adopted', userId: claims.userId, sessionId: claims.sessionId });
  }
}
