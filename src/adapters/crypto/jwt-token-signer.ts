import { createSecretKey, type KeyObject } from 'node:crypto';
import jwt from 'jsonwebtoken';
import type { Clock, TokenSigner } from '../../application/ports.js';
import type { TokenClaims } from '../../domain/session.js';

/** The end of the year 9999: what lies further away is no date that everybody can read. */
const latestExpiry = 253_402_300_799;

/** JSON Web Tokens (RFC 7519) signed with HMAC-SHA-256. */
export class JwtTokenSigner implements TokenSigner {
  // A string as the key would be parsed as one at every call, at some fifty times the cost of the signature.
  private readonly key: KeyObject;

  /** `key` is 32 bytes or more. */
  constructor(
    key: Buffer,
    private readonly clock: Clock,
  ) {
    this.key = createSecretKey(key);
  }

  sign(claims: TokenClaims): string {
    const payload = {
      token_type: claims.type,
      exp: claims.expiresAt,
      iat: claims.issuedAt,
      jti: claims.id,
      user_id: claims.userId,
      sid: claims.sessionId,
    };
    return jwt.sign(payload, this.key, { algorithm: 'HS256' });
  }

  verify(token: string): TokenClaims | undefined {
    const now = this.clock();
    const decoded = this.decode(token, now);
    if (!decoded || 'crit' in decoded.header) return undefined;

    const { token_type, exp, iat, nbf, jti, user_id, sid } = decoded.payload;
    if (token_type !== 'access' && token_type !== 'refresh') return undefined;
    if (typeof jti !== 'string' || typeof sid !== 'string') return undefined;
    if (!isWhole(user_id) || !isWhole(exp) || !isWhole(iat) || !(nbf === undefined || isWhole(nbf)))
      return undefined;
    if (exp > latestExpiry || iat > now) return undefined;
    return { type: token_type, id: jti, userId: user_id, sessionId: sid, issuedAt: iat, expiresAt: exp };
  }

  private decode(
    token: string,
    now: number,
  ): { header: object; payload: Record<string, unknown> } | undefined {
    try {
      const options = { algorithms: ['HS256' as const], clockTimestamp: now, complete: true as const };
      const { header, payload } = jwt.verify(token, this.key, options);
      return typeof payload === 'object' && !Array.isArray(payload) ? { header, payload } : undefined;
    } catch {
      return undefined;
    }
  }
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
