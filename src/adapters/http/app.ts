import type { IncomingMessage, ServerResponse } from 'node:http';
import Koa, { type Middleware } from 'koa';
import compose from 'koa-compose';
import type { Log } from '../../application/ports.js';
import type { Action, RequestState } from './context.js';
import { errorHandler } from './error-handler.js';
import { refusal } from './refusal.js';
import { requestLog } from './request-log.js';

/** Answers a request. */
export type App = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/**
 * The Koa application: what every request goes through, and at last `respond`. What Koa does after the last middleware is
 * left out, for it costs as much as all of them: here every answer is written by answer.ts, and every error ends in the
 * error handler.
 */
export function createApp(respond: Action, log: Log): App {
  const koa = new Koa<RequestState>();
  for (const middleware of [requestLog(log), errorHandler(log), requireOneHost, respond]) koa.use(middleware);
  const handle = compose(koa.middleware);
  return (request, response) =>
    handle(koa.createContext(request, response)).catch(() => void response.destroy());
}

/** RFC 9112, 3.2: a request with two hosts is refused, and one with none unless it is of HTTP/1.0. */
const requireOneHost: Middleware<RequestState> = ({ req }, next) => {
  let hosts = 0;
  for (let i = 0; i < req.rawHeaders.length; i += 2) {
    if (req.rawHeaders[i]?.toLowerCase() === 'host') hosts++;
  }
  if (hosts > 1 || (hosts === 0 && req.httpVersion !== '1.0')) throw refusal(400, 'Malformed request.');
  return next();
};
