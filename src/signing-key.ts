import { readFileSync } from 'node:fs';

const advice = 'make one with: openssl rand -hex 32';

const minBytes = 32;

/** Fewer different bytes than nearly every random key has, written in hexadecimal digits or otherwise. */
const minDifferentBytes = 8;

/** Keys that stand in documentation, so that everybody knows them. */
const knownExamples = [
  'a-string-secret-at-least-256-bits-long',
  'your-256-bit-secret-your-256-bit-secret',
  'replace-me-with-32-random-bytes-or-more',
];

/**
 * The signing key of the environment, undefined if there is none. Problems are told without the key; having none is one
 * if a key is required.
 */
export function readSigningKey(
  key: string | undefined,
  file: string | undefined,
  isRequired: boolean,
  problem: (sentence: string) => undefined,
): Buffer | undefined {
  if (key !== undefined && file !== undefined) {
    return problem('SIGNING_KEY and SIGNING_KEY_FILE are both set: keep one of them.');
  }
  if (key !== undefined) return checked('SIGNING_KEY', key, problem);
  if (file === undefined) {
    return isRequired
      ? problem(`SIGNING_KEY is missing: without it all tokens end with the process; ${advice}`)
      : undefined;
  }
  try {
    return checked('SIGNING_KEY_FILE', readFileSync(file, 'utf8').trim(), problem);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    return problem(`SIGNING_KEY_FILE=${file}: the file cannot be read (${code}).`);
  }
}

function checked(name: string, text: string, problem: (sentence: string) => undefined): Buffer | undefined {
  const key = Buffer.from(text);
  if (key.length < minBytes) return problem(`${name} is shorter than ${minBytes} bytes; ${advice}`);
  const isWeak =
    new Set(key).size < minDifferentBytes || knownExamples.includes(text) || isDjangoExample(text);
  return isWeak ? problem(`${name} is easy to guess or known from documentation; ${advice}`) : key;
}

/** Django marks the keys that it writes into new projects. */
function isDjangoExample(text: string): boolean {
  return text.startsWith('django-insecure-');
}
