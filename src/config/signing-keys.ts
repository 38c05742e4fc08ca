import {
  howToMake,
  parseSigningKey,
  type Algorithm,
  type SigningKeys,
} from '../adapters/crypto/signing-key.js';
import { readKeysFile } from './keys-file.js';
import { readSettingFile } from './read-setting-file.js';

const sources = ['SIGNING_KEY', 'SIGNING_KEY_FILE', 'SIGNING_KEYS_FILE'] as const;

/**
 * The signing keys of the environment, undefined if there are none. Problems are told without a key; having none is one
 * if they are required. `algorithm` is that of a single key, undefined if it is wrong and has been told.
 */
export function readSigningKeys(
  text: (name: (typeof sources)[number] | 'ALGORITHM') => string | undefined,
  algorithm: Algorithm | undefined,
  isRequired: boolean,
  problem: (sentence: string) => undefined,
): SigningKeys | undefined {
  const given = sources.filter((name) => text(name) !== undefined);
  if (given.length > 1) return problem(`${given.join(' and ')} are set together: keep one of them.`);

  const keysFile = text('SIGNING_KEYS_FILE');
  if (keysFile !== undefined) {
    if (text('ALGORITHM') !== undefined) {
      problem('ALGORITHM is set beside SIGNING_KEYS_FILE, where each key has its own: leave it out.');
    }
    return rereadKeysFile(keysFile, problem);
  }
  if (!algorithm) return undefined;

  const parse = (name: string, key: string): SigningKeys | undefined => {
    const parsed = parseSigningKey(key, algorithm, undefined, (what) => problem(`${name} ${what}`));
    return parsed && [parsed];
  };
  const key = text('SIGNING_KEY');
  if (key !== undefined) return parse('SIGNING_KEY', key);
  const file = text('SIGNING_KEY_FILE');
  if (file !== undefined) {
    const content = readSettingFile('SIGNING_KEY_FILE', file, problem);
    return content === undefined ? undefined : parse('SIGNING_KEY_FILE', content);
  }
  return isRequired
    ? problem(`SIGNING_KEY is missing: without it all tokens end with the process; ${howToMake(algorithm)}`)
    : undefined;
}

/** The keys of SIGNING_KEYS_FILE as they are now. */
export function rereadKeysFile(
  file: string,
  problem: (sentence: string) => undefined,
): SigningKeys | undefined {
  return readKeysFile(`SIGNING_KEYS_FILE=${file}`, file, problem);
}
