import type { TokenClaims } from '../../domain/session.js';

/** Signs and verifies tokens. */
export interface TokenSigner {
  /** A signed token with these claims. Throws 'token_invalid' if it would already have expired. */
  sign(claims: TokenClaims): string;
  /**
   * The claims of a token if this server's keys signed it and it is valid now; undefined for anything else. The clock
   * of the server that issued the token may be up to five seconds ahead.
   */
  verify(token: string): TokenClaims | undefined;
  /** The public keys that verify these tokens, as JSON Web Keys (RFC 7517). Empty if the keys are secret. */
  publicKeys(): readonly object[];
}
