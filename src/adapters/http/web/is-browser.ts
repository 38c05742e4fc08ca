import type { IncomingMessage } from 'node:http';
import { namesMediaType } from '../request/accept.js';

/**
 * Whether a person waits for the response to a GET or HEAD in the window of a browser, and not a program (docs/api.md,
 * section 8.21).
 * Browsers name both types when they open an address; some HTTP libraries name `text/html` only.
 */
export function isBrowser({ headers }: IncomingMessage): boolean {
  return (
    headers.authorization === undefined &&
    namesMediaType(headers.accept, 'application/xhtml+xml') &&
    namesMediaType(headers.accept, 'text/html')
  );
}
