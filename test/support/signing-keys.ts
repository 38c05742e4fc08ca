import { createSecretKey } from 'node:crypto';
import type { SigningKey } from '../../src/adapters/crypto/signing-key.js';

/** A key for HS256. */
export function aSecret(bytes: Buffer, id?: string): SigningKey {
  const key = createSecretKey(bytes);
  return { id, algorithm: 'HS256', signingKey: key, verificationKey: key };
}
