import type { IncomingMessage, ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import Koa from 'koa';
import type { Log } from '../../application/ports.js';
import type { Action, RequestState } from './context.js';
import { handleError } from './error-handler.js';
import { refusal } from './refusal.js';
import { logRequest, requestIdOf } from './request-log.js';

/** Answers a request. */
export type App = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/**
 * The Koa application: what becomes of a request. `respond` answers it, or throws why it is refused. A chain of Koa's
 * middleware, and what Koa does after the last of them, would cost as much as all of this: every answer is written by
 * answer.ts, and every error ends here.
 */
export function createApp(respond: Action, log: Log): App {
  const koa = new Koa();
  const respondAndLog: App = async (request, response) => {
    const startedAt = performance.now();
    const ctx = koa.createContext<RequestState>(request, response);
    ctx.state.requestId = requestIdOf(request);
    try {
      requireOneHost(request);
      await respond(ctx);
    } catch (error) {
      handleError(ctx, error, log);
    }
    logRequest(ctx, performance.now() - startedAt, log);
  };
  // Where not even a refusal can be written, or no line of the log, nobody is left waiting.
  return (request, response) => respondAndLog(request, response).catch(() => void response.destroy());
}

/** RFC 9112, 3.2: a request with two hosts is refused, and one with none unless it is of HTTP/1.0. */
function requireOneHost({ rawHeaders, httpVersion }: IncomingMessage): void {
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i];
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts++;
  }
  if (hosts > 1 || (hosts === 0 && httpVersion !== '1.0')) throw refusal(400, 'Malformed request.');
}
