import type { TokenClaims } from '../../domain/session.js';

/** Turns claims into tokens and back. */
export interface TokenSigner {
  /** Throws 'token_invalid' if the token would have expired already. */
  sign(claims: TokenClaims): string;
  /**
   * The claims of a token that we signed, that is unchanged and in its time; undefined for anything else. The clock of
   * the server that issued it may be up to five seconds ahead.
   */
  verify(token: string): TokenClaims | undefined;
  /** What others need to verify our tokens, as JSON Web Keys (RFC 7517); nothing if only we can. */
  publicKeys(): readonly object[];
}
