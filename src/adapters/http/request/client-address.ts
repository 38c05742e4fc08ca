import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import proxyaddr from 'proxy-addr';
import type { Log } from '../../../application/ports/environment.js';
import type { Middleware } from '../context.js';

/** The proxies whose X-Forwarded-For is trusted: so many in front of this server, or those at these addresses. */
export type TrustedProxies = number | readonly string[];

/** Returns the address of the client that sent a request, in canonical form; IPv4-mapped IPv6 addresses become IPv4. */
export type ReadClientAddress = (request: IncomingMessage) => string;

/** Returned for a client that has disconnected. */
const unknownAddress = 'unknown';

/** How many results are remembered, and how long what they were read from may be, in characters. */
const maxKnown = 1_000;
const maxKnownLength = 100;

/**
 * Creates a reader that follows X-Forwarded-For back from the connection as far as proxies are trusted. Earlier entries
 * may be forged and are ignored. On a unix socket the first proxy has no address: it is trusted if any is. Throws if
 * `trusted` contains an entry that parseTrustedProxies rejects.
 */
export function clientAddressReader(trusted: TrustedProxies, isOnSocket = false): ReadClientAddress {
  const isTrusted =
    typeof trusted === 'number'
      ? (_address: string, distance: number) => distance < trusted
      : proxyaddr.compile([...trusted]);
  const isTrustedProxy = (address: string | undefined, distance: number) => {
    if (address === undefined) return isOnSocket && trusted !== 0;
    return isTrusted(bareAddress(address), distance);
  };
  const read: ReadClientAddress = (request) => {
    const entries: (string | undefined)[] = proxyaddr.all(request, isTrustedProxy);
    const addresses = entries.filter((entry) => entry !== undefined);
    // If a proxy forwards an invalid address, its own address counts.
    return canonicalAddress(addresses.map(bareAddress).findLast(isAddress)) ?? unknownAddress;
  };
  // Every request needs the address for its line in the log, and parsing takes as long as a tenth of a short request.
  const known = new Map<string, string>();
  return (request) => {
    const forwarded = trusted === 0 ? '' : request.headers['x-forwarded-for'];
    const key = `${request.socket.remoteAddress} ${String(forwarded)}`;
    const remembered = known.get(key);
    if (remembered !== undefined) return remembered;
    const address = read(request);
    if (known.size >= maxKnown) known.clear();
    if (key.length <= maxKnownLength) known.set(key, address);
    return address;
  };
}

/** The address in the form in which clients are known; undefined if the text is no address. */
export function canonicalAddress(text: string | undefined): string | undefined {
  return isAddress(text) ? ipaddr.process(text).toString() : undefined;
}

/**
 * The address in an entry of X-Forwarded-For, without the additions of some proxies: a port (`192.0.2.1:49152`,
 * `[2001:db8::1]:49152`), brackets, or the `for=` and the quotes of RFC 7239.
 */
function bareAddress(entry: string): string {
  const text = entry.trim().replace(/^for=/i, '').replaceAll('"', '');
  const withoutPort = text.replace(/:\d{0,5}$/, '').replace(/^\[(.*)\]$/, '$1');
  return isAddress(text) ? text : withoutPort;
}

/** Logs one warning when X-Forwarded-For is present although no proxy is trusted. */
export function warnOfForwarding(log: Log): Middleware {
  let hasWarned = false;
  return ({ req }, next) => {
    if (!hasWarned && req.headers['x-forwarded-for'] !== undefined) {
      hasWarned = true;
      log.warn(
        {},
        'X-Forwarded-For ignored because TRUST_PROXY is none: all clients behind a proxy count as one. If the proxy is yours, set TRUST_PROXY.',
      );
    }
    return next();
  };
}

/** Parses a number of proxies from 0 to 16, `none`, or addresses and CIDR ranges separated by commas; else undefined. */
export function parseTrustedProxies(text: string): TrustedProxies | undefined {
  if (text === 'none') return 0;
  if (/^\d+$/.test(text)) return Number(text) <= 16 ? Number(text) : undefined;
  const ranges = text.split(',').map((range) => range.trim());
  return ranges.every(isRange) ? ranges : undefined;
}

function isRange(text: string): boolean {
  const [address = '', length, ...more] = text.split('/');
  if (!isAddress(address) || more.length > 0) return false;
  const longest = isIP(address) === 4 ? 32 : 128;
  return (
    length === undefined || (/^\d{1,3}$/.test(length) && Number(length) >= 1 && Number(length) <= longest)
  );
}

/** Needs both checks: ipaddr.js accepts `1` as an address, and Node accepts zones at which ipaddr.js throws. */
function isAddress(text: string | undefined): text is string {
  return text !== undefined && isIP(text) !== 0 && ipaddr.isValid(text);
}
