import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { Context } from './context.js';

/** What every answer carries: the contract's three headers, and that nobody may keep what was meant for one user. */
export const securityHeaders = {
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'same-origin',
  'Cache-Control': 'no-store',
} as const;

type Headers = Readonly<Record<string, string>>;

/** As Node writes them fastest: names and values in turn. */
const headersOfAll = Object.entries(securityHeaders).flat();
const headersOfJson = [...headersOfAll, 'Content-Type', 'application/json'];

/** Answers with a value as JSON, compact and as UTF-8 (contract, section 1). */
export function answer(ctx: Context, status: number, body: unknown, headers?: Headers): void {
  answerJson(ctx, status, JSON.stringify(body), headers);
}

/** Answers with a text that is JSON. */
export function answerJson(ctx: Context, status: number, text: string, headers?: Headers): void {
  const length = String(Buffer.byteLength(text));
  const own = headers ? Object.entries(headers).flat() : [];
  send(writeHead(ctx, status, [...headersOfJson, 'Content-Length', length, ...own]), text);
}

/** Answers with JSON that is the same for everybody, and that anybody may keep for some seconds. */
export function answerPublic(ctx: Context, body: unknown, maxAge: number): void {
  const text = JSON.stringify(body);
  const headers = {
    ...securityHeaders,
    'Cache-Control': `public, max-age=${maxAge}`,
    'X-Request-Id': ctx.state.requestId,
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(text),
  };
  send(ctx.res.writeHead(200, headers), text);
}

/** Answers without a body. */
export function answerEmpty(ctx: Context, headers: Headers): void {
  writeHead(ctx, 204, [...headersOfAll, ...Object.entries(headers).flat()]).end();
}

/** Answers with JSON as it comes, no faster than the client takes it. If it breaks off, so does the connection. */
export async function answerStream(
  ctx: Context,
  json: AsyncIterable<string>,
  headers: Headers = {},
): Promise<void> {
  const response = writeHead(ctx, 200, [...headersOfJson, ...Object.entries(headers).flat()]);
  if (ctx.req.method === 'HEAD') {
    response.end();
    return;
  }
  await pipeline(json, response).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error; // The client has gone, and needs no answer.
  });
}

/** Sends a whole body. Were its end told before it has left, Node would write that as a part of its own, which costs more. */
function send(response: ServerResponse, text: string): void {
  response.write(text, () => response.end());
}

/** Writes status and headers in one go, past Koa's own headers: these are all that an answer has. */
function writeHead(ctx: Context, status: number, headers: string[]): ServerResponse {
  headers.push('X-Request-Id', ctx.state.requestId);
  return ctx.res.writeHead(status, headers);
}
