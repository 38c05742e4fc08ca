import type { Context } from '../context.js';
import { httpError } from '../response/http-error.js';

const malformed = httpError(
  400,
  'Idempotency-Key must be 1 to 255 visible ASCII characters but " and \\, with or without quotes around them.',
);

/**
 * What the client calls its request, so that it may send it again without its taking place twice
 * (draft-ietf-httpapi-idempotency-key-header); undefined without such a header. Quotes around a key are no part of it.
 */
export function idempotencyKey({ req }: Context): string | undefined {
  const header = req.headers['idempotency-key'];
  if (header === undefined) return undefined;
  const [, , key] = /^("?)([!#-[\]-~]{1,255})\1$/.exec(String(header)) ?? [];
  if (key === undefined) throw malformed;
  return key;
}
