import { DomainError, type ErrorCode } from '../domain/errors.js';
import type { TokenClaims } from '../domain/session.js';
import type { AdoptLegacyToken } from './adopt-legacy-token.js';
import type { SessionRef, SessionRepository } from './ports/session-repository.js';
import { storageRejections, StorageUnavailable } from './ports/storage.js';
import type { TokenSigner } from './ports/token-signer.js';
import type { UserRepository } from './ports/user-repository.js';

/**
 * Finds the session that an access token belongs to.
 * Throws 'token_invalid', 'token_wrong_type', 'token_revoked', 'user_not_found' or 'user_inactive'.
 */
export class Authenticate {
  constructor(
    private readonly tokens: TokenSigner,
    private readonly sessions: SessionRepository,
    private readonly users: UserRepository,
    private readonly adopt: AdoptLegacyToken,
  ) {}

  /** The session of the token. It is active now. */
  async execute(accessToken: string): Promise<SessionRef> {
    const session = this.readToken(accessToken);
    if (session.isLegacy) await this.adopt.execute(session);
    await this.requireActive(session);
    return session;
  }

  /**
   * Calls `operation` with the session of the token. The storage checks the session in each of the operation's calls,
   * so authentication takes no round trip of its own. If `operation` rejects and the session has ended, the ended
   * session is reported instead; StorageUnavailable is always reported as it is.
   */
  async withSession<T>(accessToken: string, operation: (session: SessionRef) => Promise<T>): Promise<T> {
    const session = this.readToken(accessToken);
    if (session.isLegacy) await this.adopt.execute(session);
    try {
      return await operation(session);
    } catch (error) {
      // With StorageUnavailable, a change may have happened and have ended the session itself. That is no
      // 'token_revoked'.
      if (error instanceof StorageUnavailable || isRaisedAfterSessionCheck(error)) throw error;
      await this.requireActive(session);
      throw error;
    }
  }

  private readToken(accessToken: string): TokenClaims {
    const claims = this.tokens.verify(accessToken);
    if (!claims) throw new DomainError('token_invalid');
    if (claims.type !== 'access') throw new DomainError('token_wrong_type');
    return claims;
  }

  private async requireActive(session: SessionRef): Promise<void> {
    if (await this.sessions.find(session)) return;
    const user = await this.users.find(session.userId);
    if (!user) throw new DomainError('user_not_found');
    throw new DomainError(user.active ? 'token_revoked' : 'user_inactive');
  }
}

/** Whether the storage rejects with this error only after it has found the session active. */
function isRaisedAfterSessionCheck(error: unknown): boolean {
  return error instanceof DomainError && sessionCheckedCodes.has(error.code);
}

const sessionCheckedCodes: ReadonlySet<ErrorCode> = new Set([
  ...storageRejections.filter((code) => code !== 'token_revoked'),
  'task_not_found',
  'session_not_found',
  'account_not_found',
]);
