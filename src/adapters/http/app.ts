import type { IncomingMessage, ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import Koa from 'koa';
import type { Log } from '../../application/ports.js';
import type { Action, RequestState } from './context.js';
import { handleError } from './error-handler.js';
import { Refusal, refusal } from './refusal.js';
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
      requireUnambiguous(request);
      await respond(ctx);
    } catch (error) {
      handleError(ctx, error, log);
    }
    logRequest(ctx, performance.now() - startedAt, log);
  };
  // Where not even a refusal can be written, or no line of the log, nobody is left waiting.
  return (request, response) => respondAndLog(request, response).catch(() => void response.destroy());
}

/** How many headers a request may have. */
const maxHeaders = 1000;

/** A host and perhaps a port (RFC 9110, 7.2), without the characters that the grammar allows and no name has. */
const host = '(?:[\\w.~-]+|\\[[\\w.:%~-]+\\])(?::\\d*)?';
const validHost = new RegExp(`^(?:${host})?$`);
/** A target that is no path: `*` or a whole URL. */
const otherTarget = new RegExp(`^(?:\\*|https?://${host}(?:[/?][^#]*)?)$`, 'i');
const endsInChunked = /(?:^|,[ \t]*)chunked$/i;

/** Refuses what another server might read in another way, or is no HTTP/1 (RFC 9112, 2.3, 3.2 and 6.1). */
function requireUnambiguous(request: IncomingMessage): void {
  const { headers, rawHeaders, httpVersion, url = '' } = request;
  if (rawHeaders.length > 2 * maxHeaders) throw tooManyHeaders;
  const isOld = httpVersion === '1.0';
  if (!isOld && httpVersion !== '1.1') throw malformed;
  if (headers.host === undefined ? !isOld : !validHost.test(headers.host)) throw malformed; // Two hosts come joined.
  const isPath = url.startsWith('/') && !url.includes('#');
  if (!isPath && !otherTarget.test(url)) throw malformed;
  const coding = headers['transfer-encoding'];
  if (coding === undefined) return;
  if (isOld || !endsInChunked.test(coding)) throw wrongFraming;
  if (coding.toLowerCase() !== 'chunked') throw unknownTransferEncoding;
}

const malformedRequest = { detail: 'Malformed request.' };
const malformed = new Refusal(400, malformedRequest);
const tooManyHeaders = refusal(431, 'Request headers too large.');
// Where the body ends is uncertain, and so is what comes behind it.
const close = { Connection: 'close' };
const wrongFraming = new Refusal(400, malformedRequest, close);
const unknownTransferEncoding = new Refusal(
  501,
  { detail: 'The only supported Transfer-Encoding is chunked.' },
  close,
);
