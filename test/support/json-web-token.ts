import { createHmac } from 'node:crypto';
import type { SessionRef } from '../../src/application/ports/session-repository.js';
import { signingKey } from './running-server.js';

export type Claims = Readonly<Record<string, unknown>>;

/** The text of a token's header. */
export function headerOf(token: string): string {
  return decode(token.split('.')[0]);
}

export function claimsOf(token: string): Claims {
  return JSON.parse(decode(token.split('.')[1])) as Claims;
}

/** The session of an access token. */
export function sessionRefOf(token: string): SessionRef {
  const { user_id, sid } = claimsOf(token);
  return { userId: Number(user_id), sessionId: String(sid) };
}

/** Signs a payload and a header as they are given: texts as such, everything else as JSON. */
export function forge(
  payload: unknown,
  header: unknown = { alg: 'HS256', typ: 'JWT' },
  { key = signingKey, hash = 'sha256' } = {},
): string {
  const signed = `${encode(header)}.${encode(payload)}`;
  return `${signed}.${createHmac(hash, key).update(signed).digest('base64url')}`;
}

function encode(part: unknown): string {
  return Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');
}

function decode(part = ''): string {
  return Buffer.from(part, 'base64url').toString();
}
