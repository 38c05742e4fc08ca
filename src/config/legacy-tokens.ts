import { createSecretKey } from 'node:crypto';
import type { LegacyTokens, SigningKey, SigningKeys } from '../adapters/crypto/signing-key.js';
import { readSettingFile } from './read-setting-file.js';

const variable = 'ACCEPT_LEGACY_TOKENS_UNTIL';

type LegacyVariable = typeof variable | 'LEGACY_SIGNING_KEY' | 'LEGACY_SIGNING_KEY_FILE';

const day = 86_400;

/** Days ahead, at most: whoever knows an old key should not sign tokens for ever. */
const maxDays = 100;

/**
 * For how long tokens of the replaced backend are accepted, and with which key; undefined if they are not. No reported
 * problem quotes a key. `keys` are the signing keys, or undefined if they were not read. `now` is in seconds since the
 * epoch.
 */
export function readLegacyTokens(
  text: (name: LegacyVariable) => string | undefined,
  keys: SigningKeys | undefined,
  now: number,
  reportProblem: (message: string) => undefined,
): LegacyTokens | undefined {
  const [date, key, file] = [text(variable), text('LEGACY_SIGNING_KEY'), text('LEGACY_SIGNING_KEY_FILE')];
  if (key !== undefined && file !== undefined) {
    return reportProblem(
      'LEGACY_SIGNING_KEY and LEGACY_SIGNING_KEY_FILE are set together: keep one of them.',
    );
  }
  if (date === undefined) {
    if (key === undefined && file === undefined) return undefined;
    return reportProblem(
      `LEGACY_SIGNING_KEY without ${variable}: set the day until which it is used, or leave it out.`,
    );
  }
  const start = /^\d{4}-\d\d-\d\d$/.test(date) ? Date.parse(`${date}T00:00:00Z`) / 1000 : NaN;
  if (Number.isNaN(start)) return reportProblem(`${variable}=${date}: expected a day, such as 2027-01-31.`);
  if (start > now + maxDays * day) {
    return reportProblem(`${variable}=${date}: expected a day at most ${maxDays} days ahead.`);
  }
  const secret = file === undefined ? key : readSettingFile('LEGACY_SIGNING_KEY_FILE', file, reportProblem);
  if (secret === undefined && file !== undefined) return undefined;
  if (secret === undefined && keys && !keys.some(({ id }) => id === undefined)) {
    return reportProblem(`${variable} needs LEGACY_SIGNING_KEY: there is no signing key without a kid.`);
  }
  return { key: secret === undefined ? undefined : legacyKey(secret), until: start + day };
}

/** What an operator should know of it at each start. */
export function warningsAboutLegacyTokens({ until }: LegacyTokens, now: number): string[] {
  const last = new Date((until - day) * 1000).toISOString().slice(0, 10);
  return [
    now < until
      ? `${variable}=${last}: whoever knows the key of the replaced backend can sign in as any user. Take it out when its clients have moved.`
      : `${variable}=${last} is over: take it out, with LEGACY_SIGNING_KEY.`,
  ];
}

/** The secret may be short: Django takes any. */
function legacyKey(secret: string): SigningKey {
  const key = createSecretKey(Buffer.from(secret));
  return { id: undefined, algorithm: 'HS256', signingKey: key, verificationKey: key };
}
