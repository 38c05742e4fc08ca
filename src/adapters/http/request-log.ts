import { randomFillSync } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Log } from '../../application/ports.js';
import type { Context } from './context.js';

const idLength = 10;
/** Random bytes for the next ids, for drawing them one id at a time would cost a tenth of a request. */
const pool = Buffer.alloc(400 * idLength);
let used = pool.length;

function newRequestId(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += idLength;
  return pool.toString('hex', used - idLength, used);
}

/** The id by which a request is known: the client's own if it is a decent one. */
export function requestIdOf({ headers }: IncomingMessage): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && /^[\w.-]{1,64}$/.test(given) ? given : newRequestId();
}

/**
 * Logs a request that has been answered, `duration` milliseconds after it came. The line holds the route's pattern
 * instead of the path, and nothing else that a client chose.
 */
export function logRequest({ req, res, state }: Context, duration: number, log: Log): void {
  const { requestId, route, userId, failure } = state;
  const { method } = req;
  const status = res.statusCode;
  const durationMs = Math.round(duration * 10) / 10;
  const aborted = req.socket.destroyed || undefined;
  const line = { requestId, method, route, status, durationMs, userId, failure, aborted };
  // A 501 is the client's doing.
  if (status >= 500 && status !== 501) log.warn(line, 'request');
  else log.info(line, 'request');
}
