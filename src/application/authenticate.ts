import { DomainError, type ErrorCode } from '../domain/errors.js';
import type { TokenClaims } from '../domain/session.js';
import {
  storageRejections,
  StorageUnavailable,
  type SessionRepository,
  type TokenSigner,
  type UserRepository,
} from './ports.js';

/** Somebody whose access token is good and whose session is live. */
export interface Caller {
  readonly userId: number;
  readonly sessionId: string;
}

/**
 * Tells who a caller is from their access token.
 * Throws 'token_invalid', 'token_wrong_type', 'token_revoked', 'user_not_found' or 'user_inactive'.
 */
export class Authenticate {
  constructor(
    private readonly tokens: TokenSigner,
    private readonly sessions: SessionRepository,
    private readonly users: UserRepository,
  ) {}

  async execute(accessToken: string): Promise<Caller> {
    const caller = this.readToken(accessToken);
    await this.requireLiveSession(caller);
    return caller;
  }

  /**
   * Does something for the caller in one trip to the storage: `act` is to name the caller's session to the storage, which
   * does nothing unless it is live. Whatever `act` is refused for, an ended session is told first; but if the storage was
   * away, nothing else is told.
   */
  async within<T>(accessToken: string, act: (caller: Caller) => Promise<T>): Promise<T> {
    const caller = this.readToken(accessToken);
    try {
      return await act(caller);
    } catch (error) {
      // A change may have taken place, and ended the session itself: then it was not refused.
      if (error instanceof StorageUnavailable || isToldWithin(error)) throw error;
      await this.requireLiveSession(caller);
      throw error;
    }
  }

  private readToken(accessToken: string): TokenClaims {
    const claims = this.tokens.verify(accessToken);
    if (!claims) throw new DomainError('token_invalid');
    if (claims.type !== 'access') throw new DomainError('token_wrong_type');
    return claims;
  }

  private async requireLiveSession({ userId, sessionId }: Caller): Promise<void> {
    if (await this.sessions.find(userId, sessionId)) return;
    const user = await this.users.find(userId);
    if (!user) throw new DomainError('user_not_found');
    throw new DomainError(user.active ? 'token_revoked' : 'user_inactive');
  }
}

/** Whether somebody was refused something that the storage tells only within a live session. */
function isToldWithin(error: unknown): boolean {
  return error instanceof DomainError && toldWithin.has(error.code);
}

const toldWithin: ReadonlySet<ErrorCode> = new Set([
  ...storageRejections.filter((code) => code !== 'token_revoked'),
  'task_not_found',
  'session_not_found',
]);
