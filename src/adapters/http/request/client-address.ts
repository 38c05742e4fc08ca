import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import proxyaddr from 'proxy-addr';
import type { Log } from '../../../application/ports/environment.js';
import type { Middleware } from '../context.js';

/** Whose X-Forwarded-For is believed: that of so many proxies in front of this server, or that of proxies at these addresses. */
export type TrustedProxies = number | readonly string[];

/**
 * Tells the address that a request comes from: one text for each address, IPv4 also where it came as IPv6. It is worked
 * out when it is asked for.
 */
export type ReadClientAddress = (request: IncomingMessage) => string;

/** Stands for the address of a client that is not connected any more. */
const unknownAddress = 'unknown';

/**
 * A reader of addresses that goes back from the connection through X-Forwarded-For as far as proxies are trusted. What
 * comes before that may be forged, and is not looked at. Throws if `trusted` contains what parseTrustedProxies refuses.
 */
export function clientAddressReader(trusted: TrustedProxies): ReadClientAddress {
  const isTrusted =
    typeof trusted === 'number'
      ? (_address: string, distance: number) => distance < trusted
      : proxyaddr.compile([...trusted]);
  return (request) => {
    const addresses = proxyaddr.all(request, (address, distance) =>
      isTrusted(bareAddress(address), distance),
    );
    // A proxy that passes on what is no address speaks for itself.
    const address = addresses.map(bareAddress).findLast(isAddress);
    return address === undefined ? unknownAddress : ipaddr.process(address).toString();
  };
}

/**
 * An entry of X-Forwarded-For without what some proxies write around the address: a port (`192.0.2.1:49152`,
 * `[2001:db8::1]:49152`), brackets, or the `for=` and the quotes of RFC 7239.
 */
function bareAddress(entry: string): string {
  const text = entry.trim().replace(/^for=/i, '').replaceAll('"', '');
  const withoutPort = text.replace(/:\d{0,5}$/, '').replace(/^\[(.*)\]$/, '$1');
  return isAddress(text) ? text : withoutPort;
}

/** Says in the log once that X-Forwarded-For comes and nobody's is believed. */
export function warnOfForwarding(log: Log): Middleware {
  let hasWarned = false;
  return ({ req }, next) => {
    if (!hasWarned && req.headers['x-forwarded-for'] !== undefined) {
      hasWarned = true;
      log.warn(
        {},
        'X-Forwarded-For comes, and TRUST_PROXY is none: all clients of a proxy count as one. If it is yours, set TRUST_PROXY.',
      );
    }
    return next();
  };
}

/** A number of proxies from 0 to 16, `none`, or addresses and ranges (CIDR) by comma; undefined for anything else. */
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

/** Stricter than either: to ipaddr.js `1` is an address, and Node takes zones that ipaddr.js throws at. */
function isAddress(text: string | undefined): text is string {
  return text !== undefined && isIP(text) !== 0 && ipaddr.isValid(text);
}
