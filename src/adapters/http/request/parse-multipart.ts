import { setImmediate } from 'node:timers/promises';
import { Busboy } from '@fastify/busboy';
import { parseError } from '../response/http-error.js';

/** One part of a form. */
export interface Part {
  readonly name: string;
  /** Undefined for a part that is text. */
  readonly filename: string | undefined;
  readonly content: Buffer;
}

/** More parts than any client needs. */
const maxParts = 1000;

/** Maximum length of the headers of one part, in bytes. */
const maxHeaders = 8 * 1024;

/** Bytes that are parsed in one turn of the event loop. A megabyte of short parts would block it for too long. */
const bytesPerTurn = 16 * 1024;

/** A valid boundary (RFC 2046, section 5.1.1), but with up to 201 characters, as in the replaced backend. */
const validBoundary = /^[ -~]{0,200}[!-~]$/;

/**
 * Parses a whole `multipart/form-data` body (RFC 7578). Parts without a name are ignored. Throws a 400 if the body is
 * incomplete, has more than 1,000 parts, or has a part with more than 8 KiB of headers.
 */
export async function parseMultipart(body: Buffer, boundary: string | undefined): Promise<readonly Part[]> {
  if (boundary === undefined || !validBoundary.test(boundary)) {
    throw malformed(`Invalid boundary in multipart: ${boundary ?? 'None'}`);
  }
  requireBounds(body, `--${boundary}`);

  const parser = new Busboy({
    headers: { 'content-type': `multipart/form-data; boundary="${boundary.replaceAll(/["\\]/g, '\\$&')}"` },
    // Texts are delivered as bytes, too. Otherwise each part could choose its own charset.
    isPartAFile: () => true,
    preservePath: true,
  });
  const parts: { name: string; filename: string | undefined; encoding: string; chunks: Buffer[] }[] = [];
  parser.on('file', (name: string | undefined, stream, filename: string | undefined, encoding) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', () => undefined); // The parser emits the error as well.
    if (name !== undefined) parts.push({ name, filename: filename || undefined, encoding, chunks });
  });
  const parsed = new Promise((resolve) => {
    parser.on('finish', () => resolve(true));
    parser.on('error', () => resolve(false));
  });
  for (let at = 0; at < body.length; at += bytesPerTurn) {
    parser.write(body.subarray(at, at + bytesPerTurn));
    await setImmediate();
  }
  parser.end();
  if (!(await parsed)) throw malformed('the body is not complete');
  return parts.map(({ name, filename, encoding, chunks }) => {
    const content = Buffer.concat(chunks);
    return { name, filename, content: encoding === 'base64' ? decodeBase64(content) : content };
  });
}

/** Throws a 400 for too many parts or too long headers, before any part is parsed. The last delimiter ends the body. */
function requireBounds(body: Buffer, delimiter: string): void {
  let delimiters = 0;
  for (let at = body.indexOf(delimiter); at !== -1; at = body.indexOf(delimiter, at + delimiter.length)) {
    if (++delimiters > maxParts + 1) throw malformed('too many parts');
    const headers = body.subarray(at, at + maxHeaders);
    if (headers.length === maxHeaders && !headers.includes('\r\n\r\n'))
      throw malformed('too long headers of a part');
  }
}

/** Decodes base64 like the replaced backend: other characters are skipped, and content that is not base64 is unchanged. */
function decodeBase64(content: Buffer): Buffer {
  const text = content.toString('latin1').replaceAll(/[^A-Za-z0-9+/=]/g, '');
  const isBase64 = text.length % 4 === 0 && /^[^=]*={0,2}$/.test(text);
  return isBase64 ? Buffer.from(text, 'base64') : content;
}

function malformed(reason: string): Error {
  return parseError(`Multipart form parse error - ${reason}`);
}
