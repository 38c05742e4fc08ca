import Koa, { type Middleware } from 'koa';
import type { Log } from '../../application/ports.js';
import type { RequestState } from './context.js';
import { errorHandler } from './error-handler.js';
import { refusal } from './refusal.js';
import { requestLog } from './request-log.js';

/** The Koa application: what every request goes through, and then its route. */
export function createApp(routes: readonly Middleware<RequestState>[], log: Log): Koa<RequestState> {
  const app = new Koa<RequestState>();
  app.use(requestLog(log));
  app.use(errorHandler(log));
  app.use(requireOneHost);
  for (const route of routes) app.use(route);
  // What comes here went wrong on the connection, and there is nobody left to tell.
  app.on('error', () => undefined);
  return app;
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
