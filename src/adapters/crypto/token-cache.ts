import type { TokenClaims } from '../../domain/session.js';

/** A token whose signature and claims are in order. */
export interface VerifiedToken {
  readonly token: string;
  readonly claims: TokenClaims;
  /** The first second in which the token is good, by the clock of the server that issued it. */
  readonly notBefore: number;
}

/** Seconds by which the clock of the server that issued a token may be ahead of ours. */
const leeway = 5;

/** Whether the token is good at this time, in seconds since the epoch. */
export function isInTime({ notBefore, claims: { expiresAt } }: VerifiedToken, now: number): boolean {
  return notBefore <= now + leeway && now < expiresAt;
}

/** Verified tokens, by signature. At the next use their time is all there is to check. */
export class TokenCache {
  private readonly tokens = new Map<string, VerifiedToken>();

  /** At most so many tokens, at some 700 bytes each. */
  constructor(private readonly size = 20_000) {}

  /** The claims of a token that was added, while it is in its time. Any other is forgotten. */
  get(token: string, now: number): TokenClaims | undefined {
    const signature = signatureOf(token);
    const known = this.tokens.get(signature);
    if (known?.token !== token) return undefined;
    if (isInTime(known, now)) return known.claims;
    this.tokens.delete(signature);
    return undefined;
  }

  /** The oldest make room: the tokens in use come back at once, and those that are not would never leave. */
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
