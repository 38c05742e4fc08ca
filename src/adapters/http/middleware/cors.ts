import type { IncomingMessage } from 'node:http';
import cors from '@koa/cors';
import type { Context, Middleware } from '../context.js';
import { replyEmpty } from '../response/reply.js';

/** The origins whose pages may call the API: any, those of the browser's own machine, or these. */
export type AllowedOrigins = '*' | 'localhost' | readonly string[];

/**
 * The headers that let a page read the response to a request. Without a request, because it could not be read, those that
 * are right for every page.
 */
export type CorsHeaders = (request?: IncomingMessage) => Readonly<Record<string, string>>;

const allowedMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** Those that django-cors-headers allows, and those that the API reads besides. */
const allowedHeaders = [
  'accept',
  'authorization',
  'content-type',
  'user-agent',
  'x-csrftoken',
  'x-requested-with',
  'idempotency-key',
  'if-match',
  'if-none-match',
  'x-request-id',
];

const exposedHeaders = 'Link, ETag, Retry-After, X-Request-Id, X-Total-Count, WWW-Authenticate';

/** How many seconds a browser may remember the answer to a preflight. */
const maxAge = 86_400;

const localhost = /^https?:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/;

/** Undefined if no other origin may call. */
export function corsHeaders(origins: AllowedOrigins): CorsHeaders | undefined {
  if (origins.length === 0) return undefined;
  if (origins === '*') {
    const headers = { 'Access-Control-Allow-Origin': '*', 'Access-Control-Expose-Headers': exposedHeaders };
    return () => headers;
  }
  const isAllowed =
    origins === 'localhost'
      ? (origin: string) => localhost.test(origin)
      : (origin: string) => origins.includes(origin);
  const only = origins !== 'localhost' && origins.length === 1 ? origins[0] : undefined;
  const notAllowed = { Vary: 'Origin' };
  return (request) => {
    const origin = request ? request.headers.origin : only;
    return origin !== undefined && isAllowed(origin) ? allow(origin) : notAllowed;
  };
}

function allow(origin: string): Record<string, string> {
  return {
    Vary: 'Origin',
    'Access-Control-Allow-Origin': origin,
    'Access-Control-Expose-Headers': exposedHeaders,
  };
}

/**
 * Responds to preflights on every path, from allowed origins and others: before authentication, which they cannot pass.
 * `sendReply` sets the headers of all other responses.
 */
export function respondToPreflights(headersFor: CorsHeaders | undefined): Middleware {
  const setHeaders =
    headersFor &&
    cors({
      origin: ({ req }) => headersFor(req)['Access-Control-Allow-Origin'] ?? '',
      allowMethods: allowedMethods,
      allowHeaders: allowedHeaders,
      maxAge,
    });
  const respond = async (ctx: Context): Promise<void> => {
    await setHeaders?.(ctx, async () => undefined);
    replyEmpty(ctx, {});
  };
  return (ctx, next) => (isPreflight(ctx) ? respond(ctx) : next());
}

function isPreflight({ req: { method, headers } }: Context): boolean {
  return (
    method === 'OPTIONS' &&
    headers.origin !== undefined &&
    headers['access-control-request-method'] !== undefined
  );
}
