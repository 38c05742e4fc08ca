import { DomainError, StorageUnavailable } from '../domain/errors.js';
import type { TokenClaims } from '../domain/session.js';
import type { SessionRepository, TokenSigner, UserRepository } from './ports.js';

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
   * Reads something for the caller while their session is being looked up, so that both take one trip to the storage.
   * What was read is handed out only if the session is live; `read` must not change anything.
   */
  async whileReading<T>(accessToken: string, read: (caller: Caller) => Promise<T>): Promise<T> {
    const caller = this.readToken(accessToken);
    const live = this.requireLiveSession(caller);
    const reading = begin(read, caller);
    reading.catch(() => undefined); // Told below, and only to a live session.
    await live;
    return await reading;
  }

  /**
   * Changes something for the caller in one trip to the storage: `change` is to name the caller's session to the storage,
   * which changes nothing unless it is live. Whatever `change` is refused for, an ended session is told first; but if the
   * storage was away, nothing else is told.
   */
  async whileChanging<T>(accessToken: string, change: (caller: Caller) => Promise<T>): Promise<T> {
    const caller = this.readToken(accessToken);
    try {
      return await change(caller);
    } catch (error) {
      // The change may have taken place, and ended the session itself: then it was not refused.
      if (error instanceof StorageUnavailable) throw error;
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
    if (await this.sessions.isLive(userId, sessionId)) return;
    const user = await this.users.find(userId);
    if (!user) throw new DomainError('user_not_found');
    throw new DomainError(user.active ? 'token_revoked' : 'user_inactive');
  }
}

/** Calls a function whose failure, even one that it throws at once, is to come from its promise. */
function begin<T>(read: (caller: Caller) => Promise<T>, caller: Caller): Promise<T> {
  try {
    return read(caller);
  } catch (error) {
    return Promise.reject(error);
  }
}
