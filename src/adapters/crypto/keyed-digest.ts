import { createHmac } from 'node:crypto';
import type { SigningKey } from './signing-key.js';

/**
 * A digest of a text, as 22 characters of base64url. Nobody can make it, or try texts against it, without the signing key.
 * With the same key it is always the same.
 */
export function keyedDigest(text: string, { signingKey }: SigningKey): string {
  const secret =
    signingKey.type === 'secret' ? signingKey.export() : signingKey.export({ type: 'pkcs8', format: 'der' });
  // A key of its own, so that no digest is a signature of something.
  const key = createHmac('sha256', secret).update('hexado: digests in the log').digest();
  return createHmac('sha256', key).update(text).digest('base64url').slice(0, 22);
}
