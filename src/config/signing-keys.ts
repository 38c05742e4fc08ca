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
 * The signing keys of the environment; undefined if there are none, which is a problem if they are required. No reported
 * problem quotes a key. `algorithm` is that of a single key, or undefined if it was wrong and has been reported.
 */
export function readSigningKeys(
  text: (name: (typeof sources)[number] | 'ALGORITHM') => string | undefined,
  algorithm: Algorithm | undefined,
  isRequired: boolean,
  reportProblem: (message: string) => undefined,
): SigningKeys | undefined {
  const given = sources.filter((name) => text(name) !== undefined);
  if (given.length > 1) return reportProblem(`${given.join(' and ')} are set together: keep one of them.`);

  const keysFile = text('SIGNING_KEYS_FILE');
  if (keysFile !== undefined) {
    if (text('ALGORITHM') !== undefined) {
      reportProblem('ALGORITHM is set beside SIGNING_KEYS_FILE, where each key has its own: leave it out.');
    }
    return rereadKeysFile(keysFile, reportProblem);
  }
  if (!algorithm) return undefined;

  const parse = (name: string, key: string): SigningKeys | undefined => {
    const parsed = parseSigningKey(key, algorithm, undefined, (what) => reportProblem(`${name} ${what}`));
    return parsed && [parsed];
  };
  const key = text('SIGNING_KEY');
  if (key !== undefined) return parse('SIGNING_KEY', key);
  const file = text('SIGNING_KEY_FILE');
  if (file !== undefined) {
    const content = readSettingFile('SIGNING_KEY_FILE', file, reportProblem);
    return content === undefined ? undefined : parse('SIGNING_KEY_FILE', content);
  }
  return isRequired
    ? reportProblem(
        `SIGNING_KEY is missing: without it all tokens end with the process; ${howToMake(algorithm)}`,
      )
    : undefined;
}

/** Reads SIGNING_KEYS_FILE again. Problems are reported; then the result is undefined. */
export function rereadKeysFile(
  file: string,
  reportProblem: (message: string) => undefined,
): SigningKeys | undefined {
  return readKeysFile(`SIGNING_KEYS_FILE=${file}`, file, reportProblem);
}
