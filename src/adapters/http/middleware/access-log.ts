import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { performance } from 'node:perf_hooks';
import type { Log } from '../../../application/ports/environment.js';
import type { Middleware } from '../context.js';
import type { ReadClientAddress } from '../request/client-address.js';

/** Routes that are asked every few seconds. Their lines are at the level `debug`, unless they fail. */
const probes = new Set<string | undefined>(['/livez', '/readyz']);

/** The request's id: the client's X-Request-Id if it is valid, else a random UUID. */
export function requestIdOf({ headers }: IncomingMessage): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID();
}

/**
 * Takes note of a response. `route` is the pattern of the path, if one was found, and `seconds` the time since the request
 * arrived.
 */
export type ObserveRequest = (
  method: string | undefined,
  route: string | undefined,
  status: number,
  seconds: number,
) => void;

/**
 * Gives each request an id, and logs one line when the response is written. The line has the route's pattern instead of
 * the path. A valid request id is the only text of the client's choice in it.
 */
export function accessLog(log: Log, readAddress: ReadClientAddress, observe?: ObserveRequest): Middleware {
  return async (ctx, next) => {
    const { req, res, state } = ctx;
    const startedAt = performance.now();
    const address = readAddress(req);
    state.requestId = requestIdOf(req);
    await next();
    const duration = performance.now() - startedAt;
    const durationMs = Math.round(duration * 10) / 10;
    const { requestId, route, session, failure } = state;
    const { method } = req;
    const status = res.statusCode;
    observe?.(method, route, status, duration / 1000);
    const aborted = req.socket.destroyed || undefined;
    const userId = session?.userId;
    const line = { requestId, address, method, route, status, durationMs, userId, failure, aborted };
    // The client causes a 501.
    if (status >= 500 && status !== 501) log.warn(line, 'request');
    else if (probes.has(route)) log.debug(line, 'request');
    else log.info(line, 'request');
  };
}
