import { createSecretKey } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { signingKey } from './environment.js';

export interface Claims {
  readonly type: 'access' | 'refresh';
  readonly userId: number;
  readonly sessionId: string;
}

export interface SignedClaims extends Claims {
  /** Seconds since the epoch. */
  readonly exp: number;
}

const key = createSecretKey(Buffer.from(signingKey));

/** `lifetime` is in seconds. */
export function signToken(claims: Claims, lifetime: number): string {
  return jwt.sign({ ...claims }, key, { algorithm: 'HS256', expiresIn: lifetime });
}

/** The claims of an access token that is good; undefined for anything else. */
export function verifyAccess(token: string): SignedClaims | undefined {
  try {
    const claims = jwt.verify(token, key, { algorithms: ['HS256'] }) as unknown as SignedClaims;
    return claims.type === 'access' ? claims : undefined;
  } catch {
    return undefined;
  }
}

/** Like `verifyAccess`, but remembers what it found out about the last tokens that were good. */
export function rememberVerified(capacity = 10_000): typeof verifyAccess {
  const verified = new Map<string, SignedClaims>();
  return (token) => {
    const known = verified.get(token);
    if (known) return known.exp > Date.now() / 1000 ? known : undefined;
    const claims = verifyAccess(token);
    if (!claims) return undefined;
    if (verified.size >= capacity) verified.delete(verified.keys().next().value!);
    verified.set(token, claims);
    return claims;
  };
}
