import type { Middleware } from '../context.js';
import { HttpError, httpError, parseError } from '../response/http-error.js';

/** How many headers a request may have. */
const maxHeaders = 1000;

/** A host with an optional port (RFC 9110, 7.2), without characters that the grammar allows but no host name has. */
const host = '(?:[\\w.~-]+|\\[[\\w.:%~-]+\\])(?::\\d*)?';
const validHost = new RegExp(`^(?:${host})?$`);
/** A request target that is not a path: `*` or an absolute URL. */
const otherTarget = new RegExp(`^(?:\\*|https?://${host}(?:[/?][^#]*)?)$`, 'i');
const endsInChunked = /(?:^|,[ \t]*)chunked$/i;

export const malformedRequestError = parseError('Malformed request.');
export const tooManyHeaders = httpError(431, 'Request headers too large.');
// The end of the body is uncertain, so nothing after it can be read as a request.
const close = { Connection: 'close' };
const wrongFraming = new HttpError(400, malformedRequestError.body, close, 'parse_error');
export const unknownTransferEncoding = new HttpError(
  501,
  { detail: 'The only supported Transfer-Encoding is chunked.' },
  close,
);

/**
 * Rejects ambiguous requests, which a proxy might read differently (request smuggling), and versions other than HTTP/1.0
 * and 1.1 (RFC 9112, 2.3, 3.2 and 6.1).
 */
export const rejectAmbiguous: Middleware = ({ req }, next) => {
  const { headers, rawHeaders, httpVersion, url = '' } = req;
  if (rawHeaders.length > 2 * maxHeaders) throw tooManyHeaders;
  const isOld = httpVersion === '1.0';
  if (!isOld && httpVersion !== '1.1') throw malformedRequestError;
  if (headers.host === undefined ? !isOld : !validHost.test(headers.host)) throw malformedRequestError; // Node joins two Host headers.
  const isPath = url.startsWith('/') && !url.includes('#');
  if (!isPath && !otherTarget.test(url)) throw malformedRequestError;
  const coding = headers['transfer-encoding'];
  if (coding === undefined) return next();
  if (isOld || !endsInChunked.test(coding)) throw wrongFraming;
  if (coding.toLowerCase() !== 'chunked') throw unknownTransferEncoding;
  return next();
};
