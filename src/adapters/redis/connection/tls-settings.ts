import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import type { RedisEnvironment } from './redis-settings.js';

/** Options of a TLS connection. The texts are PEM. */
export interface TlsSettings {
  /** The certificates of the authorities that may sign the certificate of Redis; by default those that Node knows. */
  readonly ca?: string;
  /** Our client certificate. */
  readonly cert?: string;
  readonly key?: string;
  /** The name in the certificate of Redis, if it is not the host in REDIS_URL. */
  readonly servername?: string;
}

const names = [
  'REDIS_TLS_CA_FILE',
  'REDIS_TLS_CERT_FILE',
  'REDIS_TLS_KEY_FILE',
  'REDIS_TLS_SERVERNAME',
] as const;

/** Parses the settings for TLS; false without TLS. */
export function parseTlsSettings(
  { text, file, problem }: RedisEnvironment,
  isOn: boolean,
): TlsSettings | false {
  const given = names.filter((name) => text(name) !== undefined);
  if (!isOn) {
    if (given.length > 0) problem(`${given.join(', ')} without TLS: set REDIS_URL to a rediss:// URL.`);
    return false;
  }
  if (given.includes('REDIS_TLS_CERT_FILE') !== given.includes('REDIS_TLS_KEY_FILE')) {
    problem('REDIS_TLS_CERT_FILE and REDIS_TLS_KEY_FILE belong together: set both.');
    return {};
  }

  function pem<T>(name: (typeof names)[number], parse: (text: string) => T, what: string): T | undefined {
    const content = file(name);
    if (content === undefined) return undefined;
    try {
      return parse(content);
    } catch {
      return problem(`${name}=${text(name)}: expected ${what} as PEM.`);
    }
  }
  const ca = pem('REDIS_TLS_CA_FILE', readCertificates, 'certificates');
  const cert = pem('REDIS_TLS_CERT_FILE', readCertificates, 'a certificate');
  const key = pem('REDIS_TLS_KEY_FILE', readKey, 'a private key without a passphrase');
  if (cert && key && !cert.first.checkPrivateKey(key.object)) {
    problem('REDIS_TLS_KEY_FILE is not the key of the certificate in REDIS_TLS_CERT_FILE.');
  }
  const servername = text('REDIS_TLS_SERVERNAME');
  if (servername !== undefined && (isIP(servername) !== 0 || !/^[\w.-]+$/.test(servername))) {
    problem(`REDIS_TLS_SERVERNAME=${servername}: expected the name of a host, and no address.`);
  }
  return {
    ...(ca && { ca: ca.pem }),
    ...(cert && { cert: cert.pem }),
    ...(key && { key: key.pem }),
    ...(servername !== undefined && { servername }),
  };
}

/** Reads one or several certificates; throws if one of them is invalid. */
function readCertificates(pem: string): { readonly pem: string; readonly first: X509Certificate } {
  const parts = pem.match(/-----BEGIN [^-]+-----[^-]+-----END [^-]+-----/g) ?? [pem];
  const [first] = parts.map((part) => new X509Certificate(part)) as [X509Certificate];
  return { pem, first };
}

function readKey(pem: string): { readonly pem: string; readonly object: KeyObject } {
  return { pem, object: createPrivateKey(pem) };
}
