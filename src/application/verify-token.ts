import { DomainError } from '../domain/errors.js';
import { validateAll, checkText, type Input } from '../domain/input.js';
import { throwSessionEnded } from './session-ended.js';
import type { AdoptLegacyToken } from './adopt-legacy-token.js';
import type { SessionRepository } from './ports/session-repository.js';
import type { TokenSigner } from './ports/token-signer.js';
import type { UserRepository } from './ports/user-repository.js';

/**
 * Verifies an access or refresh token: resolves if it is valid now.
 * Throws InvalidFields, 'token_invalid', 'token_revoked' or 'no_active_account'.
 */
export class VerifyToken {
  constructor(
    private readonly tokens: TokenSigner,
    private readonly sessions: SessionRepository,
    private readonly users: UserRepository,
    private readonly adopt: AdoptLegacyToken,
  ) {}

  async execute(input: Input): Promise<void> {
    const { token } = validateAll<{ token: string }>({ token: checkText(input['token']) });
    const claims = this.tokens.verify(token);
    if (!claims) throw new DomainError('token_invalid');

    await this.adopt.execute(claims);
    const session = await this.sessions.find(claims);
    if (!session) return throwSessionEnded(this.users, claims.userId);
    const isSpent = claims.type === 'refresh' && claims.id !== session.current.id;
    if (isSpent) throw new DomainError('token_revoked');
  }
}
