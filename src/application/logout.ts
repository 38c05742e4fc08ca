import { DomainError } from '../domain/errors.js';
import type { Input } from '../domain/input.js';
import type { AdoptLegacyToken } from './adopt-legacy-token.js';
import type { ReportEvent } from './ports/events.js';
import type { SessionRepository } from './ports/session-repository.js';
import { readRefreshToken } from './refresh-token.js';
import type { SessionTokens } from './session-tokens.js';

/**
 * Ends the session of a refresh token. A token that was rotated out works too. Throws InvalidFields, 'token_invalid',
 * 'token_wrong_type', or 'token_revoked' if the session had already ended.
 */
export class Logout {
  constructor(
    private readonly tokens: SessionTokens,
    private readonly sessions: SessionRepository,
    private readonly report: ReportEvent,
    private readonly adopt: AdoptLegacyToken,
  ) {}

  async execute(input: Input): Promise<void> {
    const claims = this.tokens.verifyRefresh(readRefreshToken(input));
    await this.adopt.execute(claims);
    const ended = await this.sessions.end(claims);
    if (!ended) throw new DomainError('token_revoked');
    const { userId, sessionId } = claims;
    this.report({ event: 'session_ended', userId, sessionId, by: 'logout' });
  }
}
