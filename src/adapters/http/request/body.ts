import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import bodyParser from 'koa-bodyparser';
import type { Input } from '../../../domain/input.js';
import { parseContentType, type Charset } from './content-type.js';
import type { Context } from '../context.js';
import { discardBody, maxChunks } from './discard-body.js';
import { parseForm } from './parse-form.js';
import { parseJson } from './parse-json.js';
import { parseMultipart } from './parse-multipart.js';
import { HttpError, httpError, parseError } from '../response/http-error.js';

/** Reads the fields in the body of a request (docs/api.md, section 3). */
export type ReadFields = (ctx: Context) => Promise<Input>;

/** Parses a body that is not empty. */
type Parse = (body: Buffer) => Input | Promise<Input>;

const mediaTypes = ['application/json', 'application/x-www-form-urlencoded', 'multipart/form-data'] as const;
const [json, form, multipart] = mediaTypes;

/** A body with a Content-Length of up to this many bytes is read without koa-bodyparser. */
const shortLength = 16 * 1024;

/** More fields in a form than any client needs. */
const maxFormFields = 1000;

/**
 * Creates a reader for bodies of up to `limit` bytes. An empty body is `{}`, whatever its type. An unsupported type (415)
 * takes precedence over a body that is too large (413).
 */
export function fieldsReader(limit: number): ReadFields {
  const readLong = longBodyReader(limit);
  return async (ctx) => {
    const { headers } = ctx.req;
    const parse = parserOf(headers);
    if (parse instanceof HttpError) {
      if (await hasBody(ctx.req)) throw parse;
      return {};
    }
    const length = Number(headers['content-length']);
    if (length > limit) throw bodyTooLarge;
    const { rawBody } = ctx.request;
    const isShort = length <= shortLength || Number.isNaN(length);
    const bytes =
      typeof rawBody === 'string'
        ? Buffer.from(rawBody) // Middleware of an embedding application has read it.
        : await (isShort ? readShort(ctx.req, limit) : readLong(ctx));
    return bytes.length === 0 ? {} : parse(bytes);
  };
}

/** The parser for a body with these headers, or the 415 to throw. */
function parserOf(headers: IncomingHttpHeaders): Parse | HttpError {
  const encoding = headers['content-encoding']?.toLowerCase() ?? 'identity';
  if (encoding !== 'identity' && encoding !== '') {
    return httpError(415, `Unsupported content encoding "${encoding}" in request.`);
  }
  const contentType = headers['content-type'] ?? '';
  const { mediaType, charset, boundary } = parseContentType(contentType);
  if (charset) {
    if (mediaType === json) return (body) => readJson(body, charset);
    if (mediaType === form) return (body) => readForm(body, charset);
    if (mediaType === multipart) return (body) => readMultipart(body, charset, boundary);
  }
  return unsupportedMediaType(contentType);
}

export function unsupportedMediaType(contentType: string): HttpError {
  return httpError(415, `Unsupported media type "${contentType}" in request.`);
}

/** Whether there is a body that is not empty. Nothing is read if the headers say it. */
async function hasBody(request: IncomingMessage): Promise<boolean> {
  const { 'content-length': length, 'transfer-encoding': coding } = request.headers;
  if (length !== undefined || coding === undefined) return Number(length ?? 0) > 0;
  return new Promise((resolve, reject) => {
    discardBody(request);
    request.once('data', () => resolve(true));
    request.once('end', () => resolve(false));
    request.once('error', () => reject(malformed));
  });
}

/**
 * Reads a body that is short or chunked. koa-bodyparser costs several times as much, and so much for chunks of one byte
 * that other requests have to wait.
 */
function readShort(request: IncomingMessage, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const rejectWith = (reason: HttpError) => {
      request.off('data', collect);
      discardBody(request);
      reject(reason);
    };
    const collect = (chunk: Buffer) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length > limit) rejectWith(bodyTooLarge);
      else if (chunks.length > maxChunks(length)) rejectWith(tooManyChunks);
    };
    request.on('data', collect);
    request.on('end', () => resolve(Buffer.concat(chunks)));
    request.on('error', () => reject(malformed));
  });
}

function longBodyReader(limit: number): (ctx: Context) => Promise<Buffer> {
  const options = {
    enableTypes: ['text'],
    extendTypes: { text: [...mediaTypes] },
    textLimit: `${limit}b`,
    // One character per byte: as UTF-8, invalid bytes would be replaced instead of rejected.
    encoding: 'latin1',
    onerror: () => {
      throw malformed; // It cannot be too large: its length was checked.
    },
  };
  const readText = bodyParser(options);
  return async (ctx) => {
    await readText(ctx, noop);
    const { rawBody } = ctx.request;
    return Buffer.from(typeof rawBody === 'string' ? rawBody : '', 'latin1');
  };
}

function readJson(body: Buffer, { isText, decode }: Charset): Input {
  if (!isText(body)) throw parseError('JSON parse error - the body is not text in its charset');
  const text = decode(body);
  const value = parseJson(text);
  if (value === null) throw new HttpError(400, { non_field_errors: ['No data provided'] });
  if (typeof value === 'object' && !Array.isArray(value)) return value as Input;
  const message = `Invalid data. Expected a dictionary, but got ${pythonTypeName(value, text)}.`;
  throw new HttpError(400, { non_field_errors: [message] });
}

/** The name of the value's type in Python, which the replaced backend is written in. */
function pythonTypeName(value: unknown, text: string): string {
  if (Array.isArray(value)) return 'list';
  if (typeof value === 'string') return 'str';
  if (typeof value === 'boolean') return 'bool';
  return /^\s*-?\d+\s*$/.test(text) ? 'int' : 'float';
}

function readForm(body: Buffer, { decode }: Charset): Input {
  const text = body.toString('latin1');
  if (text.split('&', maxFormFields + 1).length > maxFormFields)
    throw parseError('Too many fields in the form.');
  return fieldsOf(parseForm(text, decode));
}

async function readMultipart(body: Buffer, { decode }: Charset, boundary?: string): Promise<Input> {
  const parts = await parseMultipart(body, boundary);
  const texts = parts.filter(({ filename }) => filename === undefined);
  const files = parts.filter(({ filename }) => filename !== undefined);
  // As in the replaced backend, a file takes precedence over a text of the same name.
  return fieldsOf([
    ...texts.map(({ name, content }) => [name, decode(content)] as const),
    ...files.map(({ name, filename }) => [name, { filename }] as const),
  ]);
}

/** The last value of each name. An empty `status` in a form counts as missing, because the field is optional. */
function fieldsOf(entries: readonly (readonly [name: string, value: unknown])[]): Input {
  const { status, ...fields } = Object.fromEntries(entries);
  return status === undefined || status === '' ? fields : { ...fields, status };
}

const malformed = parseError('Malformed request.');
export const bodyTooLarge = httpError(413, 'Request body too large.');
const tooManyChunks = parseError('Request body in too many chunks.');

async function noop(): Promise<void> {}
