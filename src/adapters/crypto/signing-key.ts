import {
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  generateKeyPairSync,
  randomBytes,
  type KeyObject,
} from 'node:crypto';

/** The signature algorithms of tokens (RFC 7518): with a shared secret, or with a key pair. */
export const algorithms = ['HS256', 'RS256', 'ES256'] as const;

export type Algorithm = (typeof algorithms)[number];

type Asymmetric = Exclude<Algorithm, 'HS256'>;

/** A key, and the only algorithm that it is used with. */
export interface SigningKey {
  /** The `kid` of the tokens that it signs. A key without an id signs and verifies tokens without a `kid`. */
  readonly id: string | undefined;
  readonly algorithm: Algorithm;
  /** The secret, or the private key. */
  readonly signingKey: KeyObject;
  /** The secret, or the public key. */
  readonly verificationKey: KeyObject;
}

/** The keys of a server. The first one signs, all verify. No two have the same id. */
export type SigningKeys = readonly [SigningKey, ...SigningKey[]];

/** Accepts tokens of the replaced backend, which have neither a `sid` nor a `kid`, until a time in seconds since the epoch. */
export interface LegacyTokens {
  /** What they are verified with; undefined for the key without an id. It may be weak, and signs nothing. */
  readonly key: SigningKey | undefined;
  readonly until: number;
}

const minBytes = 32;

/** Nearly every random key has more different bytes, even in hexadecimal digits. */
const minDifferentBytes = 8;

const minBitsOfRsa = 2048;

/** Keys that are known from documentation. */
const knownExamples = [
  'a-string-secret-at-least-256-bits-long',
  'your-256-bit-secret-your-256-bit-secret',
  'replace-me-with-32-random-bytes-or-more',
];

const advice: Readonly<Record<Algorithm, string>> = {
  HS256: 'make one with: openssl rand -hex 32',
  RS256: 'make one with: openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072',
  ES256: 'make one with: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256',
};

/** How to make a key for the algorithm, for an error message. */
export function howToMake(algorithm: Algorithm): string {
  return advice[algorithm];
}

/**
 * Parses a key. For HS256, the text itself is the secret; otherwise it is a private key as PEM. `problem` gets what is
 * wrong with the key, as words that continue a sentence after the key's name, and never the key.
 */
export function parseSigningKey(
  text: string,
  algorithm: Algorithm,
  id: string | undefined,
  problem: (what: string) => undefined,
): SigningKey | undefined {
  const reject = (what: string) => problem(`${what}; ${howToMake(algorithm)}`);
  if (algorithm === 'HS256') {
    const key = parseSecret(text, reject);
    return key && { id, algorithm, signingKey: key, verificationKey: key };
  }
  const key = parsePrivateKey(text);
  if (!key) return reject('is no private key that can be read, as PEM and not encrypted');
  const mismatch = mismatchOf(key, algorithm);
  if (mismatch !== undefined) return reject(mismatch);
  return { id, algorithm, signingKey: key, verificationKey: createPublicKey(key) };
}

/** A random key without an id. */
export function newSigningKey(algorithm: Algorithm): SigningKey {
  if (algorithm !== 'HS256') {
    const { privateKey, publicKey } = newPair(algorithm);
    return { id: undefined, algorithm, signingKey: privateKey, verificationKey: publicKey };
  }
  const key = createSecretKey(randomBytes(minBytes));
  return { id: undefined, algorithm, signingKey: key, verificationKey: key };
}

/** A random key, as a text for parseSigningKey. */
export function newKeyText(algorithm: Algorithm): string {
  if (algorithm === 'HS256') return randomBytes(minBytes).toString('base64url');
  return newPair(algorithm).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function newPair(algorithm: Asymmetric): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  return algorithm === 'RS256'
    ? generateKeyPairSync('rsa', { modulusLength: 3072 })
    : generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

function parseSecret(text: string, reject: (what: string) => undefined): KeyObject | undefined {
  const bytes = Buffer.from(text);
  if (bytes.length < minBytes) return reject(`is shorter than ${minBytes} bytes`);
  // A public key must not be used as a secret: everybody may know it.
  if (text.startsWith('-----BEGIN'))
    return reject('is a PEM file, which is for the algorithms RS256 and ES256');
  const isWeak =
    new Set(bytes).size < minDifferentBytes || knownExamples.includes(text) || isDjangoExample(text);
  return isWeak ? reject('is easy to guess or known from documentation') : createSecretKey(bytes);
}

/** Django marks the keys that it generates for new projects. */
function isDjangoExample(text: string): boolean {
  return text.startsWith('django-insecure-');
}

function parsePrivateKey(text: string): KeyObject | undefined {
  try {
    return createPrivateKey(text);
  } catch {
    return undefined;
  }
}

/** Why the key does not fit the algorithm (RFC 7518, 3.3 and 3.4); undefined if it does. */
function mismatchOf(key: KeyObject, algorithm: Asymmetric): string | undefined {
  const { asymmetricKeyType: type, asymmetricKeyDetails: { namedCurve, modulusLength = 0 } = {} } = key;
  if (algorithm === 'ES256') {
    return type === 'ec' && namedCurve === 'prime256v1' ? undefined : 'is no key on the curve P-256';
  }
  if (type !== 'rsa') return 'is no RSA key';
  return modulusLength < minBitsOfRsa ? `is shorter than ${minBitsOfRsa} bits` : undefined;
}
