import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { Middleware } from 'koa';
import type { Log } from '../../application/ports.js';
import type { RequestState } from './context.js';

/**
 * Gives each request its id, the client's own if it is a decent one, and logs one line when it has been answered. The
 * line holds the route's pattern instead of the path, and nothing else that a client chose.
 */
export function requestLog(log: Log): Middleware<RequestState> {
  return async (ctx, next) => {
    const startedAt = performance.now();
    const givenId = ctx.req.headers['x-request-id'];
    ctx.state.requestId = isDecent(givenId) ? givenId : randomUUID();
    await next();

    const { method, status } = ctx;
    const { requestId, route, userId, failure } = ctx.state;
    const durationMs = Math.round((performance.now() - startedAt) * 10) / 10;
    const aborted = ctx.req.socket.destroyed || undefined;
    const line = { requestId, method, route, status, durationMs, userId, failure, aborted };
    if (status >= 500) log.warn(line, 'request');
    else log.info(line, 'request');
  };
}

function isDecent(id: string | string[] | undefined): id is string {
  return typeof id === 'string' && /^[\w.-]{1,64}$/.test(id);
}
