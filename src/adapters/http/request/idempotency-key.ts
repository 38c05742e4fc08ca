import type { Context } from '../context.js';
import { httpError } from '../response/http-error.js';

export const malformedKey = httpError(
  400,
  'Idempotency-Key must be 1 to 255 visible ASCII characters but " and \\, with or without quotes around them.',
  'idempotency_key_invalid',
);

/**
 * The Idempotency-Key of a request (draft-ietf-httpapi-idempotency-key-header), with which a client can retry it safely;
 * undefined without the header. Quotes around the key are not part of it. Throws a 400 for a malformed key.
 */
export function idempotencyKey({ req }: Context): string | undefined {
  const header = req.headers['idempotency-key'];
  if (header === undefined) return undefined;
  const [, , key] = /^("?)([!#-[\]-~]{1,255})\1$/.exec(String(header)) ?? [];
  if (key === undefined) throw malformedKey;
  return key;
}
