import jwt from 'jsonwebtoken';
import type { Clock } from '../../application/ports/environment.js';
import type { TokenSigner } from '../../application/ports/token-signer.js';
import { DomainError } from '../../domain/errors.js';
import type { TokenClaims } from '../../domain/session.js';
import type { LegacyTokens, SigningKey, SigningKeys } from './signing-key.js';
import { isInTime, TokenCache, type VerifiedToken } from './token-cache.js';

/** The end of the year 9999. Many programs cannot read later dates. */
const latestExpiry = 253_402_300_799;

/** In characters. Our tokens have a few hundred, or a thousand with a large RSA key. Longer ones are not parsed. */
const maxLength = 4096;

/** The `jti` of Simple JWT. It becomes the id of a session. */
const legacyId = /^[\da-f]{32}$/;

/** Signs JSON Web Tokens (RFC 7519) with the first key, and verifies them with the key that their `kid` names. */
export class JwtTokenSigner implements TokenSigner {
  /** The keys by `kid`. The key for tokens without a `kid` is under undefined. */
  private keysById: ReadonlyMap<unknown, SigningKey>;
  private readonly cache = new TokenCache();

  constructor(
    private keys: SigningKeys,
    private readonly clock: Clock,
    private readonly legacy?: LegacyTokens,
  ) {
    this.keysById = byId(keys);
  }

  /** Replaces the keys. Tokens that were signed with other keys become invalid at once. */
  useKeys(keys: SigningKeys): void {
    this.keys = keys;
    this.keysById = byId(keys);
    this.cache.clear();
  }

  /** The key that signs now. */
  get currentKey(): SigningKey {
    return this.keys[0];
  }

  publicKeys(): readonly object[] {
    return this.keys.filter(({ algorithm }) => algorithm !== 'HS256').map(asJsonWebKey);
  }

  sign(claims: TokenClaims): string {
    if (claims.expiresAt <= this.clock()) throw new DomainError('token_invalid');
    const payload = {
      token_type: claims.type,
      exp: claims.expiresAt,
      iat: claims.issuedAt,
      jti: claims.id,
      user_id: claims.userId,
      sid: claims.sessionId,
    };
    const [{ id, algorithm, signingKey }] = this.keys;
    return jwt.sign(payload, signingKey, id === undefined ? { algorithm } : { algorithm, keyid: id });
  }

  verify(token: string): TokenClaims | undefined {
    if (token.length > maxLength) return undefined;
    const now = this.clock();
    const known = this.cache.get(token, now);
    if (known) return this.isAccepted(known, now) ? known : undefined;

    const verified = this.read(token);
    if (!verified || !isInTime(verified, now) || !this.isAccepted(verified.claims, now)) return undefined;
    this.cache.add(verified);
    return verified.claims;
  }

  private isAccepted({ isLegacy }: TokenClaims, now: number): boolean {
    return !isLegacy || (this.legacy !== undefined && now < this.legacy.until);
  }

  private read(token: string): VerifiedToken | undefined {
    const decoded = this.decode(token);
    if (!decoded || 'crit' in decoded.header) return undefined;

    const { isLegacy } = decoded;
    const { token_type, exp, iat, nbf = 0, jti, sid = isLegacy ? jti : undefined } = decoded.payload;
    const user_id = isLegacy ? wholeIn(decoded.payload['user_id']) : decoded.payload['user_id'];
    if (token_type !== 'access' && token_type !== 'refresh') return undefined;
    if (typeof jti !== 'string' || typeof sid !== 'string') return undefined;
    if (isLegacy && !legacyId.test(jti)) return undefined;
    if (!isWhole(user_id) || !isWhole(exp) || !isWhole(iat) || !isWhole(nbf)) return undefined;
    if (exp > latestExpiry) return undefined;
    const claims: TokenClaims = {
      type: token_type,
      id: jti,
      userId: user_id,
      sessionId: sid,
      issuedAt: iat,
      expiresAt: exp,
      ...(isLegacy && { isLegacy }),
    };
    return { token, claims, notBefore: Math.max(iat, nbf) };
  }

  /** Header and payload of a token with a valid signature, whether it has expired or not. */
  private decode(token: string): DecodedToken | undefined {
    if (!token.split('.').every(isCanonical)) return undefined;
    try {
      const unverified = jwt.decode(token, { complete: true });
      const kid = unverified?.header.kid;
      const isLegacy = this.legacy !== undefined && kid === undefined && !hasSession(unverified?.payload);
      const key = (isLegacy && this.legacy?.key) || this.keysById.get(kid);
      if (!key) return undefined;
      const { header, payload } = jwt.verify(token, key.verificationKey, {
        algorithms: [key.algorithm],
        ignoreExpiration: true,
        ignoreNotBefore: true,
        complete: true,
      });
      if (typeof payload !== 'object' || Array.isArray(payload)) return undefined;
      return { header, payload, ...(isLegacy && { isLegacy }) };
    } catch {
      return undefined;
    }
  }
}

interface DecodedToken {
  readonly header: object;
  readonly payload: Record<string, unknown>;
  readonly isLegacy?: true;
}

function hasSession(payload: unknown): boolean {
  return typeof payload === 'object' && payload !== null && 'sid' in payload;
}

/** Newer versions of Simple JWT write ids as texts. */
function wholeIn(value: unknown): unknown {
  return typeof value === 'string' && /^[1-9]\d{0,14}$/.test(value) ? Number(value) : value;
}

function byId(keys: SigningKeys): ReadonlyMap<unknown, SigningKey> {
  return new Map(keys.map((key) => [key.id, key]));
}

function asJsonWebKey({ id, algorithm, verificationKey }: SigningKey): object {
  return { ...verificationKey.export({ format: 'jwk' }), kid: id, alg: algorithm, use: 'sig' };
}

/**
 * Whether this is canonical base64url. Decoders ignore trailing bits, so a text has other spellings (RFC 4648, 3.5).
 */
function isCanonical(text: string): boolean {
  return Buffer.from(text, 'base64url').toString('base64url') === text;
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
