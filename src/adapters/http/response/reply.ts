import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type Koa from 'koa';
import type { BaseResponse } from 'koa';
import type { Log } from '../../../application/ports/environment.js';
import type { Context, Middleware } from '../context.js';
import { discardBody } from '../request/discard-body.js';
import { replyWithError } from '../middleware/error-handler.js';

/** A response that is recorded and not yet written. */
export interface Reply {
  readonly status: number;
  /** Nothing for a 204. */
  readonly body: string | Readable | undefined;
  /** Names and values in turn, as Node writes them fastest. */
  readonly headers: readonly string[];
}

type Headers = Readonly<Record<string, string>>;

/** On every response: the headers of docs/api.md, section 1, and that no cache keeps what is meant for one user. */
export const securityHeaders = {
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'same-origin',
  'Cache-Control': 'no-store',
} as const;

const headersOfAll = Object.entries(securityHeaders).flat();
const headersOfJson = [...headersOfAll, 'Content-Type', 'application/json'];

/** Records a response with a value as compact JSON. Middleware on the way out may still read and replace it. */
export function reply(ctx: Context, status: number, body: unknown, headers?: Headers): void {
  replyJson(ctx, status, JSON.stringify(body), headers);
}

/** Records a response with a text that is JSON already, or a stream of it. */
export function replyJson(ctx: Context, status: number, body: string | Readable, headers?: Headers): void {
  record(ctx, { status, body, headers: headers ? [...headersOfJson, ...flat(headers)] : headersOfJson });
}

/** Records a response with JSON that is the same for everybody, and that caches may keep for `maxAge` seconds. */
export function replyCacheable(ctx: Context, body: unknown, maxAge: number): void {
  const headers = {
    ...securityHeaders,
    'Content-Type': 'application/json',
    'Cache-Control': `public, max-age=${maxAge}`,
  };
  record(ctx, { status: 200, body: JSON.stringify(body), headers: flat(headers) });
}

/** Records a response without a body. */
export function replyEmpty(ctx: Context, headers: Headers): void {
  record(ctx, { status: 204, body: undefined, headers: [...headersOfAll, ...flat(headers)] });
}

function record(ctx: Context, recorded: Reply): void {
  const { reply: replaced } = ctx;
  if (replaced && replaced.body instanceof Readable) replaced.body.destroy();
  ctx.reply = recorded;
  // Mounted in somebody else's application, whose middleware reads Koa's response.
  if (!exposing.has(ctx.app)) handOver(ctx);
}

function flat(headers: Headers): string[] {
  return Object.entries(headers).flat();
}

/**
 * Writes what was recorded, in one piece: Koa would set each header by itself. Where nothing was, Koa responds with
 * `ctx.body`. Errors that reach this middleware come from middleware around the error handler, or from a stream.
 */
export function sendReply(log: Log): Middleware {
  return async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      replyWithError(ctx, error, log);
    }
    if (!ctx.reply) return;
    ctx.respond = false; // Koa's own way to say that the response is written here; nowhere else is it used.
    try {
      await write(ctx, ctx.reply);
    } catch (error) {
      replyWithError(ctx, error, log);
    }
  };
}

async function write({ req, res, state }: Context, { status, body, headers }: Reply): Promise<void> {
  if (req.headers['transfer-encoding'] !== undefined) discardBody(req); // Where nobody has read it.
  const head = [...headers, 'X-Request-Id', state.requestId];
  if (typeof body === 'string') head.push('Content-Length', String(Buffer.byteLength(body)));
  res.writeHead(
    status,
    res.getHeaderNames().length === 0 ? head : without(head, (name) => res.hasHeader(name)),
  );
  if (typeof body === 'string') {
    // If the end were known before the body has left, Node would write it as a part of its own, which costs more.
    res.write(body, () => res.end());
  } else if (body === undefined || req.method === 'HEAD') {
    body?.destroy();
    res.end();
  } else {
    await pipeline(body, res).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error; // The client has gone, and needs no response.
    });
  }
}

/** Headers that middleware has set on the response win over those of a reply. */
function without(head: readonly string[], isSet: (name: string) => boolean): string[] {
  return head.filter((_, index) => !isSet(head[index - (index % 2)] ?? ''));
}

/**
 * Lets `ctx.status`, `ctx.body`, `ctx.type` and `ctx.length` read as the recorded reply. Setting one of them hands the
 * reply over to Koa, which then responds: so does middleware that compresses or replaces a response.
 */
export function exposeReply(app: Koa): void {
  exposing.add(app);
  const read = {
    status: ({ status }: Reply) => status,
    body: ({ body }: Reply) => body,
    type: ({ headers }: Reply) => (headers.includes('Content-Type') ? 'application/json' : ''),
    length: ({ body }: Reply) => (typeof body === 'string' ? Buffer.byteLength(body) : undefined),
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

/** The applications whose responses show a recorded reply. */
const exposing = new WeakSet<object>();

function handOver(ctx: Context): void {
  const { reply: recorded } = ctx;
  if (!recorded) return;
  ctx.reply = undefined;
  const { status, body, headers } = recorded;
  for (let i = 0; i < headers.length; i += 2) {
    if (!ctx.res.hasHeader(headers[i] ?? '')) ctx.set(headers[i] ?? '', headers[i + 1] ?? '');
  }
  ctx.set('X-Request-Id', ctx.state.requestId);
  ctx.status = status;
  ctx.body = body;
}
