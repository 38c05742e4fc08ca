import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { performance } from 'node:perf_hooks';
import type { Log } from '../../../application/ports/environment.js';
import type { Middleware } from '../context.js';

/** The id by which a request is known: the client's own if it is a decent one. */
export function requestIdOf({ headers }: IncomingMessage): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID();
}

/**
 * Gives each request an id, and logs it once its response is written. The line holds the route's pattern instead of the
 * path, and nothing else that a client chose but a decent request id.
 */
export function accessLog(log: Log): Middleware {
  return async (ctx, next) => {
    const { req, res, state } = ctx;
    const startedAt = performance.now();
    state.requestId = requestIdOf(req);
    await next();
    const durationMs = Math.round((performance.now() - startedAt) * 10) / 10;
    const { requestId, route, session, failure } = state;
    const { method } = req;
    const status = res.statusCode;
    const aborted = req.socket.destroyed || undefined;
    const line = { requestId, method, route, status, durationMs, userId: session?.userId, failure, aborted };
    // A 501 is the client's doing.
    if (status >= 500 && status !== 501) log.warn(line, 'request');
    else log.info(line, 'request');
  };
}
