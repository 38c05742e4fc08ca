import { print } from '../adapters/terminal/print.js';
import type { Clock } from '../application/ports/environment.js';
import type { Finding } from '../application/ports/storage.js';
import type { Config } from '../config/config.js';
import { createStorage } from '../create-storage.js';
import { dayOfCreation } from '../config/key-rotation.js';
import { silentLog } from './silent-log.js';

/** Days after which a signing key should be replaced. */
const maxKeyAge = 365;

/**
 * Prints a line for each finding about the settings and the storage: its level, what it is about, and what to do. Sets the
 * exit code 1 unless all is well. Throws StorageUnavailable, StorageError or UnknownLayout if the storage cannot be used.
 */
export async function check(config: Config, clock: Clock): Promise<void> {
  const storage = await createStorage(config.storage, { clock, log: silentLog });
  try {
    const { reasons, warnings } = await storage.check();
    const findings: Finding[] = [
      ...config.warnings.map((message) => ({ level: 'warning', about: 'settings', message }) as const),
      signingKey(config, clock),
      { level: 'ok', about: 'storage', message: `The storage answers (${config.storage.kind}).` },
      ...reasons.map((message) => ({ level: 'problem', about: 'storage', message }) as const),
      ...warnings.map((message) => ({ level: 'warning', about: 'storage', message }) as const),
      ...((await storage.inspect?.()) ?? []),
    ];
    const lines = findings.map(
      ({ level, about, message }) => `${level.padEnd(9)}${about.padEnd(10)}${message}\n`,
    );
    await print(lines.join(''));
    if (findings.some(({ level }) => level !== 'ok')) process.exitCode = 1;
  } finally {
    await storage.close();
  }
}

/** Weak keys are problems of the configuration. The age is known of keys that `keys new` has made. */
function signingKey({ signingKeys }: Config, clock: Clock): Finding {
  const about = 'key';
  const [key] = signingKeys ?? [];
  if (!key) return { level: 'warning', about, message: 'The key is random: sessions end with the process.' };
  const made = dayOfCreation(key.id);
  if (made === undefined)
    return { level: 'ok', about, message: `${key.algorithm}, strong; its age is unknown.` };
  const days = Math.floor(clock() / 86_400 - Date.parse(made) / 86_400_000);
  return days > maxKeyAge
    ? { level: 'warning', about, message: `The key is ${days} days old: rotate it (hexado keys new).` }
    : { level: 'ok', about, message: `${key.algorithm}, strong, made on ${made}.` };
}
