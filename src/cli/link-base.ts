import type { Config } from '../config/config.js';
import { UsageError } from './arguments.js';
import { localUrl } from './local-url.js';

const expected = '--url takes the address of the page, such as https://todo.example';

/**
 * What a link begins with: the address of the page, without a slash at its end. Where none is given, it is the server's
 * own on this machine, and a line on standard error says so. Throws UsageError.
 */
export function linkBase(url: string | undefined, config: Config): string {
  if (url === undefined) {
    if (config.socketPath !== undefined) throw new UsageError(`HOST is a unix socket: ${expected}`);
    const local = localUrl(config);
    process.stderr.write(`hexado: The link leads to ${local}; give --url for another address.\n`);
    return local;
  }
  const isPage = URL.canParse(url) && /^https?:\/\/[^@?#]+$/.test(url);
  if (!isPage) throw new UsageError(expected);
  return new URL(url).href.replace(/\/+$/, '');
}
