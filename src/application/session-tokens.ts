import { DomainError } from '../domain/errors.js';
import {
  accessClaims,
  nextGeneration,
  openSession,
  refreshClaims,
  type RefreshGeneration,
  type Session,
  type SessionPolicy,
  type TokenClaims,
} from '../domain/session.js';
import type { Clock, NewId } from './ports/environment.js';
import type { TokenSigner } from './ports/token-signer.js';

/** Creates sessions and their tokens, by the policy. */
export class SessionTokens {
  constructor(
    private readonly signer: TokenSigner,
    private readonly newId: NewId,
    private readonly clock: Clock,
    readonly policy: SessionPolicy,
  ) {}

  /** A new session for a user who signs in now. */
  open(owner: Pick<Session, 'userId' | 'address'>): Session {
    const ids = { id: this.newId(), refreshId: this.newId() };
    return openSession({ ...owner, ...ids }, this.clock(), this.policy);
  }

  /** The next refresh token of the session. */
  next(session: Session): RefreshGeneration {
    return nextGeneration(session, this.newId(), this.clock(), this.policy);
  }

  /** An access token of the session; `now` is in seconds since the epoch. */
  access(session: Session, now = this.clock()): string {
    return this.signer.sign(accessClaims(session, this.newId(), now, this.policy));
  }

  /** The session's current refresh token. */
  refresh(session: Session): string {
    return this.signer.sign(refreshClaims(session));
  }

  /** The claims of a refresh token; throws 'token_invalid' or 'token_wrong_type'. */
  verifyRefresh(token: string): TokenClaims {
    const claims = this.signer.verify(token);
    if (!claims) throw new DomainError('token_invalid');
    if (claims.type !== 'refresh') throw new DomainError('token_wrong_type');
    return claims;
  }
}
