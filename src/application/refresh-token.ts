import { DomainError } from '../domain/errors.js';
import { validateAll, checkText, type Input } from '../domain/input.js';
import type { Session, TokenClaims } from '../domain/session.js';
import { throwSessionEnded } from './session-ended.js';
import type { AdoptLegacyToken } from './adopt-legacy-token.js';
import type { AttemptLimiter } from './attempt-limiter.js';
import type { Clock } from './ports/environment.js';
import type { ReportEvent } from './ports/events.js';
import type { SessionRef, SessionRepository } from './ports/session-repository.js';
import { StorageUnavailable } from './ports/storage.js';
import type { UserRepository } from './ports/user-repository.js';
import type { SessionTokens } from './session-tokens.js';

/** How many seconds `lastUsedAt` may be behind without rotation, so that most refreshes need no write. */
const lastUsedResolution = 60;

/**
 * Exchanges a refresh token for a new access token and, with rotation, for the next refresh token.
 * Throws InvalidFields, Throttled, 'token_invalid', 'token_wrong_type', 'token_revoked' or 'no_active_account'.
 */
export class RefreshToken {
  constructor(
    private readonly limits: AttemptLimiter,
    private readonly tokens: SessionTokens,
    private readonly sessions: SessionRepository,
    private readonly users: UserRepository,
    private readonly clock: Clock,
    private readonly report: ReportEvent,
    private readonly adopt: AdoptLegacyToken,
  ) {}

  async execute(input: Input, address: string): Promise<{ access: string; refresh?: string }> {
    const token = readRefreshToken(input);
    await this.limits.refresh(address);
    const claims = this.tokens.verifyRefresh(token);
    await this.adopt.execute(claims);
    const { policy } = this.tokens;
    const found = await this.sessions.find(claims);
    if (!found) return throwSessionEnded(this.users, claims.userId);

    const session = policy.rotate ? await this.rotate(claims, found) : found;
    if (session === 'gone') return throwSessionEnded(this.users, claims.userId);
    if (session === 'reused') {
      const { userId, sessionId } = claims;
      this.report({ event: 'refresh_token_reused', address, userId, sessionId });
    }
    if (session === 'reused' || (!policy.rotate && claims.id !== session.current.id)) {
      throw new DomainError('token_revoked');
    }
    if (!policy.rotate) await this.recordUse(claims, session);
    const access = this.tokens.access(session);
    this.report({ event: 'token_refreshed', userId: session.userId });
    return policy.rotate ? { access, refresh: this.tokens.refresh(session) } : { access };
  }

  private async recordUse(ref: SessionRef, { lastUsedAt }: Session): Promise<void> {
    const now = Math.floor(this.clock());
    if (now - lastUsedAt < lastUsedResolution) return;
    try {
      await this.sessions.touch(ref, now);
    } catch (error) {
      // The token is valid all the same: refreshing works even while the storage is read-only.
      if (!(error instanceof StorageUnavailable)) throw error;
    }
  }

  private rotate(claims: TokenClaims, session: Session): Promise<Session | 'reused' | 'gone'> {
    const next = this.tokens.next(session);
    return this.sessions.rotate(claims, { presented: claims, next, grace: this.tokens.policy.grace });
  }
}

/** The field `refresh`, which may be any text; throws InvalidFields. */
export function readRefreshToken(input: Input): string {
  return validateAll<{ refresh: string }>({ refresh: checkText(input['refresh']) }).refresh;
}
