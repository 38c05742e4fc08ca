import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import bodyParser from 'koa-bodyparser';
import type { Fields } from '../../domain/fields.js';
import type { Context } from './context.js';
import { parseJson } from './parse-json.js';
import { Refusal, refusal } from './refusal.js';

/** Reads the fields that a request carries in its body (contract, section 3). */
export type ReadFields = (ctx: Context) => Promise<Fields>;

/** Bytes up to which a body is read here, if its length is told beforehand. */
const shortLength = 16 * 1024;

/** A reader of bodies up to a number of bytes. Empty bodies are `{}` whatever type they claim. */
export function fieldsReader(limit: number): ReadFields {
  const readAny = bytesReader(limit);
  return async (ctx) => {
    const { headers } = ctx.req;
    const encoding = headers['content-encoding']?.toLowerCase() ?? 'identity';
    if (encoding !== 'identity' && encoding !== '') {
      throw refusal(415, `Unsupported content encoding "${encoding}" in request.`);
    }
    const contentType = headers['content-type'] ?? '';
    const isShort = Number(headers['content-length']) <= Math.min(shortLength, limit);
    const bytes = await (isShort ? readShort(ctx.req) : readAny(ctx));
    return bytes.length === 0 ? {} : readAs(contentType, bytes);
  };
}

/** Reads a body whose length is known and harmless. What a library does about all others costs more than the rest. */
function readShort(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => resolve(Buffer.concat(chunks)));
    request.on('error', () => reject(malformed));
  });
}

function bytesReader(limit: number): (ctx: Context) => Promise<Buffer> {
  // Read as latin1, one character per byte, for as UTF-8 invalid bytes would be replaced instead of refused.
  const options = {
    enableTypes: ['text'],
    textLimit: `${limit}b`,
    encoding: 'latin1',
    onerror: refuseUnreadable,
  };
  const readText = bodyParser(options);

  return async (ctx) => {
    ctx.req.headers['content-type'] = 'text/plain'; // koa-bodyparser reads types it knows; which are ours is told below.
    await readText(ctx, doNothing);
    const { rawBody } = ctx.request;
    return Buffer.from(typeof rawBody === 'string' ? rawBody : '', 'latin1');
  };
}

function readAs(contentType: string, bytes: Buffer): Fields {
  const [mediaType = '', ...parameters] = contentType.toLowerCase().split(';');
  const charset = parameters.find((parameter) => parameter.trim().startsWith('charset='));
  const isSupported = charset === undefined || /^\s*charset="?utf-?8"?\s*$/.test(charset);
  if (isSupported && mediaType.trim() === 'application/json') return readJson(bytes);
  if (isSupported && mediaType.trim() === 'application/x-www-form-urlencoded') return readForm(bytes);
  throw refusal(415, `Unsupported media type "${contentType}" in request.`);
}

function readJson(bytes: Buffer): Fields {
  if (!isUtf8(bytes)) throw refusal(400, 'JSON parse error - the body is not valid UTF-8');
  const value = parseJson(bytes.toString());
  if (value === null) throw new Refusal(400, { non_field_errors: ['No data provided'] });
  if (typeof value === 'object' && !Array.isArray(value)) return value as Fields;
  const message = `Invalid data. Expected a dictionary, but got ${kindOf(value, bytes)}.`;
  throw new Refusal(400, { non_field_errors: [message] });
}

/** What clients are used to being told that their value is. */
function kindOf(value: unknown, bytes: Buffer): string {
  if (Array.isArray(value)) return 'list';
  if (typeof value === 'string') return 'str';
  if (typeof value === 'boolean') return 'bool';
  return /^\s*-?\d+\s*$/.test(bytes.toString()) ? 'int' : 'float';
}

/** In a form a field that may be left out may as well be empty. */
function readForm(bytes: Buffer): Fields {
  const { status, ...fields } = Object.fromEntries(new URLSearchParams(bytes.toString()));
  return status === undefined || status === '' ? fields : { ...fields, status };
}

function refuseUnreadable(error: Error, ctx: { readonly req: Context['req'] }): never {
  ctx.req.resume(); // Lets the rest of the body go by, so that the connection can be used again.
  const isTooLarge = 'type' in error && error.type === 'entity.too.large';
  throw isTooLarge ? refusal(413, 'Request body too large.') : malformed;
}

const malformed = refusal(400, 'Malformed request.');

async function doNothing(): Promise<void> {}
