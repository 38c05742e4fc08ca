import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type Koa from 'koa';
import type { BaseResponse } from 'koa';
import type { Log } from '../../../application/ports/environment.js';
import type { Context, Middleware } from '../context.js';
import { discardBody } from '../request/discard-body.js';
import { replyWithError } from '../middleware/error-handler.js';

/** A response that is recorded but not yet written. */
export interface Reply {
  readonly status: number;
  /** Undefined for a 204 and a 304. */
  readonly body: string | Buffer | Readable | undefined;
  /** Alternating names and values, the form that Node writes fastest. */
  readonly headers: readonly string[];
}

type Headers = Readonly<Record<string, string>>;

const noHeaders: Headers = {};

/** Headers of every response (docs/api.md, section 1). No cache may keep a response that is meant for one user. */
export const securityHeaders = {
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'same-origin',
  'Cache-Control': 'no-store',
} as const;

const commonHeaders = Object.entries(securityHeaders).flat();
const jsonHeaders = [...commonHeaders, 'Content-Type', 'application/json'];

/** Records a response with a value as compact JSON. Outer middleware can still read and replace it. */
export function reply(ctx: Context, status: number, body: unknown, headers?: Headers): void {
  replyJson(ctx, status, JSON.stringify(body), headers);
}

/** Records a response with a text or stream that is already JSON. */
export function replyJson(ctx: Context, status: number, body: string | Readable, headers?: Headers): void {
  record(ctx, { status, body, headers: headers ? [...jsonHeaders, ...flat(headers)] : jsonHeaders });
}

/** Records a response of another media type than JSON. These headers take precedence over those of every response. */
export function replyAs(
  ctx: Context,
  mediaType: string,
  status: number,
  body: string | Buffer | Readable,
  headers: Headers = {},
): void {
  const all = { ...securityHeaders, 'Content-Type': mediaType, ...headers };
  record(ctx, { status, body, headers: flat(all) });
}

/** Records JSON that is the same for all clients. Caches may keep it for `maxAge` seconds. */
export function replyCacheable(ctx: Context, body: string, maxAge: number): void {
  replyAs(ctx, 'application/json', 200, body, { 'Cache-Control': `public, max-age=${maxAge}` });
}

/** Gives the recorded response another body. Its status and its other headers stay. */
export function replaceBody(ctx: Context, mediaType: string, body: string): void {
  const { status = 200, headers = [] } = ctx.reply ?? {};
  const others = headers.flatMap((name, index) =>
    index % 2 === 0 && name !== 'Content-Type' ? [name, headers[index + 1] ?? ''] : [],
  );
  record(ctx, { status, body, headers: [...others, 'Content-Type', mediaType] });
}

/** Records a response without a body. */
export function replyEmpty(ctx: Context, headers: Headers): void {
  record(ctx, { status: 204, body: undefined, headers: [...commonHeaders, ...flat(headers)] });
}

/** Records a 304: the client already has what this entity tag stands for. */
export function replyNotModified(ctx: Context, tag: string, headers?: Headers): void {
  const common = headers ? flat({ ...securityHeaders, ...headers }) : commonHeaders;
  record(ctx, { status: 304, body: undefined, headers: [...common, 'ETag', tag] });
}

function record(ctx: Context, recorded: Reply): void {
  const { reply: replaced } = ctx;
  if (replaced && replaced.body instanceof Readable) replaced.body.destroy();
  ctx.reply = recorded;
  // Mounted in another Koa application, whose middleware reads Koa's response.
  if (!exposing.has(ctx.app)) handOver(ctx);
}

function flat(headers: Headers): string[] {
  const list: string[] = [];
  // `Object.entries(headers).flat()` takes a microsecond.
  for (const name of Object.keys(headers)) list.push(name, headers[name] ?? '');
  return list;
}

/**
 * Writes the recorded reply in one write; Koa would set each header separately. Without a recorded reply, Koa responds with
 * `ctx.body`. Errors that reach this middleware come from middleware outside the error handler, or from a stream.
 * `headersFor` gives headers for every response, whoever sends it.
 */
export function sendReply(
  log: Log,
  authScheme: string,
  headersFor: (request: IncomingMessage) => Headers = () => noHeaders,
): Middleware {
  return async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      replyWithError(ctx, error, log, authScheme);
    }
    if (!ctx.reply) {
      if (!ctx.res.headersSent) setMissing(ctx, flat(headersFor(ctx.req)));
      return;
    }
    ctx.respond = false; // Koa's documented way to write to `res` directly. It is used only here.
    try {
      await write(ctx, ctx.reply, headersFor(ctx.req));
    } catch (error) {
      replyWithError(ctx, error, log, authScheme);
    }
  };
}

async function write(ctx: Context, { status, body, headers }: Reply, more: Headers): Promise<void> {
  const { req, res, state } = ctx;
  if (req.headers['transfer-encoding'] !== undefined) discardBody(req); // It may be unread.
  const head = [...headers, ...flat(more), 'X-Request-Id', state.requestId];
  const isWhole = typeof body === 'string' || Buffer.isBuffer(body);
  if (isWhole) head.push('Content-Length', String(Buffer.byteLength(body)));
  if (res.getHeaderNames().length === 0) {
    res.writeHead(status, head);
  } else {
    setMissing(ctx, head);
    res.writeHead(status);
  }
  if (isWhole) {
    // If `end` were called before the body is written, Node would write the end separately, which costs more.
    res.write(body, () => res.end());
  } else if (body === undefined || req.method === 'HEAD') {
    body?.destroy();
    res.end();
  } else {
    await pipeline(body, res).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error; // Else the client has disconnected.
    });
  }
}

/** Sets headers, but for those that middleware has set, which take precedence. `Vary` is added to. */
function setMissing(ctx: Context, headers: readonly string[]): void {
  for (let i = 0; i < headers.length; i += 2) {
    const [name = '', value = ''] = headers.slice(i, i + 2);
    if (name === 'Vary') ctx.vary(value);
    else if (!ctx.res.hasHeader(name)) ctx.set(name, value);
  }
}

/**
 * Makes `ctx.status`, `ctx.body`, `ctx.type` and `ctx.length` return the recorded reply. Setting one of them, as middleware
 * does that compresses or replaces a response, hands the reply over to Koa, which then responds.
 */
export function exposeReply(app: Koa): void {
  exposing.add(app);
  const read = {
    status: ({ status }: Reply) => status,
    body: ({ body }: Reply) => body,
    type: ({ headers }: Reply) => {
      const at = headers.indexOf('Content-Type');
      return at === -1 ? '' : headers[at + 1];
    },
    length: ({ body }: Reply) =>
      typeof body === 'string' || Buffer.isBuffer(body) ? Buffer.byteLength(body) : undefined,
  };
  const koa = Object.getPrototypeOf(app.response) as BaseResponse;
  for (const [name, fromReply] of Object.entries(read)) {
    const own = Object.getOwnPropertyDescriptor(koa, name);
    Object.defineProperty(app.response, name, {
      get(this: Koa.Response) {
        const recorded = (this.ctx as Context).reply;
        return recorded ? fromReply(recorded) : (own?.get?.call(this) as unknown);
      },
      set(this: Koa.Response, value: unknown) {
        handOver(this.ctx as Context);
        own?.set?.call(this, value);
      },
    });
  }
}

/** The applications whose `ctx` returns a recorded reply. */
const exposing = new WeakSet<object>();

function handOver(ctx: Context): void {
  const { reply: recorded } = ctx;
  if (!recorded) return;
  ctx.reply = undefined;
  const { status, body, headers } = recorded;
  setMissing(ctx, headers);
  ctx.set('X-Request-Id', ctx.state.requestId);
  ctx.status = status;
  ctx.body = body;
}
