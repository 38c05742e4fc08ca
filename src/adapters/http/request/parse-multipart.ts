import { setImmediate } from 'node:timers/promises';
import { Busboy } from '@fastify/busboy';
import { httpError } from '../response/http-error.js';

/** One part of a form. */
export interface Part {
  readonly name: string;
  /** Undefined for a part that is a text. */
  readonly filename: string | undefined;
  readonly content: Buffer;
}

/** More than any client has reason to send. */
const maxParts = 1000;

/** In bytes, of the headers of a part. */
const maxHeaders = 8 * 1024;

/** Bytes that are parsed in one turn of the event loop: a megabyte of short parts takes too long for one. */
const turn = 16 * 1024;

/** What a boundary may be (RFC 2046, section 5.1.1); up to 201 characters, as many as the replaced backend takes. */
const validBoundary = /^[ -~]{0,200}[!-~]$/;

/**
 * Parses a whole `multipart/form-data` body (RFC 7578). Parts without a name are left out. Throws a 400 if the body is
 * not complete, has more than 1,000 parts, or more than 8 KiB of headers in one of them.
 */
export async function parseMultipart(body: Buffer, boundary: string | undefined): Promise<readonly Part[]> {
  if (boundary === undefined || !validBoundary.test(boundary)) {
    throw malformed(`Invalid boundary in multipart: ${boundary ?? 'None'}`);
  }
  requireBounds(body, `--${boundary}`);

  const parser = new Busboy({
    headers: { 'content-type': `multipart/form-data; boundary="${boundary.replaceAll(/["\\]/g, '\\$&')}"` },
    // So that texts come as bytes, too: otherwise each part would say in which charset it is read.
    isPartAFile: () => true,
    preservePath: true,
  });
  const parts: { name: string; filename: string | undefined; encoding: string; chunks: Buffer[] }[] = [];
  parser.on('file', (name: string | undefined, stream, filename: string | undefined, encoding) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', () => undefined); // The parser tells of it as well.
    if (name !== undefined) parts.push({ name, filename: filename || undefined, encoding, chunks });
  });
  const parsed = new Promise((resolve) => {
    parser.on('finish', () => resolve(true));
    parser.on('error', () => resolve(false));
  });
  for (let at = 0; at < body.length; at += turn) {
    parser.write(body.subarray(at, at + turn));
    await setImmediate();
  }
  parser.end();
  if (!(await parsed)) throw malformed('the body is not complete');
  return parts.map(({ name, filename, encoding, chunks }) => {
    const content = Buffer.concat(chunks);
    return { name, filename, content: encoding === 'base64' ? decodeBase64(content) : content };
  });
}

/** Looks at each delimiter, the last of which ends the body, before anything is made of what is behind it. */
function requireBounds(body: Buffer, delimiter: string): void {
  let delimiters = 0;
  for (let at = body.indexOf(delimiter); at !== -1; at = body.indexOf(delimiter, at + delimiter.length)) {
    if (++delimiters > maxParts + 1) throw malformed('too many parts');
    const headers = body.subarray(at, at + maxHeaders);
    if (headers.length === maxHeaders && !headers.includes('\r\n\r\n'))
      throw malformed('too long headers of a part');
  }
}

/** Decodes base64 as the replaced backend does: other characters are skipped, and what is no base64 then stays as it is. */
function decodeBase64(content: Buffer): Buffer {
  const text = content.toString('latin1').replaceAll(/[^A-Za-z0-9+/=]/g, '');
  const isBase64 = text.length % 4 === 0 && /^[^=]*={0,2}$/.test(text);
  return isBase64 ? Buffer.from(text, 'base64') : content;
}

function malformed(reason: string): Error {
  return httpError(400, `Multipart form parse error - ${reason}`);
}
