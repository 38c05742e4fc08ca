import type { TokenClaims } from '../../domain/session.js';

/** A token with a valid signature and valid claims. */
export interface VerifiedToken {
  readonly token: string;
  readonly claims: TokenClaims;
  /** The first second in which the token is valid, by the clock of the server that issued it. */
  readonly notBefore: number;
}

/** Seconds by which the clock of the server that issued a token may be ahead of ours. */
const leeway = 5;

/** Whether the token is valid at `now`, in seconds since the epoch. */
export function isInTime({ notBefore, claims: { expiresAt } }: VerifiedToken, now: number): boolean {
  return notBefore <= now + leeway && now < expiresAt;
}

/** A cache of verified tokens, by signature. When a cached token is used again, only its times are checked. */
export class TokenCache {
  private readonly tokens = new Map<string, VerifiedToken>();

  /** Holds at most `size` tokens, of about 700 bytes each. */
  constructor(private readonly size = 20_000) {}

  /** The claims of a cached token, if it is valid now. If it is not, it is dropped. */
  get(token: string, now: number): TokenClaims | undefined {
    const signature = signatureOf(token);
    const known = this.tokens.get(signature);
    if (known?.token !== token) return undefined;
    if (isInTime(known, now)) return known.claims;
    this.tokens.delete(signature);
    return undefined;
  }

  /**
   * Adds a token. If the cache is full, the oldest token is dropped: a token that is still used is soon added again,
   * and unused ones do not stay forever.
   */
  add(verified: VerifiedToken): void {
    const [oldest] = this.tokens.keys();
    if (oldest !== undefined && this.tokens.size >= this.size) this.tokens.delete(oldest);
    this.tokens.set(signatureOf(verified.token), verified);
  }

  clear(): void {
    this.tokens.clear();
  }
}

function signatureOf(token: string): string {
  return token.slice(token.lastIndexOf('.') + 1);
}
