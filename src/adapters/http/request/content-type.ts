import { isAscii, isUtf8 } from 'node:buffer';

/** How bytes are decoded. */
export interface Charset {
  /** Whether these bytes are valid in the charset. */
  readonly isText: (bytes: Buffer) => boolean;
  /** The text, with U+FFFD in place of invalid bytes. */
  readonly decode: (bytes: Buffer) => string;
}

const utf8: Charset = { isText: isUtf8, decode: (bytes) => bytes.toString() };
const charsets: Readonly<Record<string, Charset>> = {
  'utf-8': utf8,
  utf8,
  'us-ascii': {
    isText: isAscii,
    decode: (bytes) => bytes.toString('latin1').replaceAll(/[\x80-\xff]/g, '\ufffd'),
  },
  'iso-8859-1': { isText: () => true, decode: (bytes) => bytes.toString('latin1') },
};

/** A parsed Content-Type header (RFC 9110, section 8.3.1). */
export interface ContentType {
  /** In lower case. */
  readonly mediaType: string;
  /** UTF-8 if the header names none; undefined if the header names an unsupported one. */
  readonly charset: Charset | undefined;
  /** The boundary between the parts of a multipart body. */
  readonly boundary: string | undefined;
}

/** Parses a Content-Type header. Malformed parameters are ignored. */
export function parseContentType(header: string): ContentType {
  const end = header.indexOf(';');
  const mediaType = header
    .slice(0, end === -1 ? undefined : end)
    .trim()
    .toLowerCase();
  if (end === -1) return { mediaType, charset: utf8, boundary: undefined };
  const parameters = new Map<string, string>();
  for (const [, name = '', value = ''] of header.matchAll(parameter)) {
    const key = name.toLowerCase();
    if (!parameters.has(key)) parameters.set(key, unquoted(value.trim()));
  }
  const charset = parameters.get('charset')?.toLowerCase();
  return {
    mediaType,
    charset: charset === undefined ? utf8 : Object.hasOwn(charsets, charset) ? charsets[charset] : undefined,
    boundary: parameters.get('boundary'),
  };
}

const parameter = /;\s*([^\s;="]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)/g;

function unquoted(value: string): string {
  return /^".*"$/s.test(value) ? value.slice(1, -1).replaceAll(/\\(.)/g, '$1') : value;
}
