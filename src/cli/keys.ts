import { randomBytes } from 'node:crypto';
import { restrictOutputFile } from '../adapters/terminal/output-file.js';
import { print, printDone } from '../adapters/terminal/print.js';
import { CommandFailed } from '../adapters/terminal/command-failed.js';
import { ConfigError, readConfig } from '../config/config.js';
import {
  dayOfCreation,
  nameOf,
  promote,
  removeKeys,
  retiredBefore,
  retirementOf,
} from '../config/key-rotation.js';
import {
  addKey,
  changeKeysFile,
  newKeysFile,
  readKeyEntries,
  type KeyEntry,
  type KeysFile,
  type ReportProblem,
} from '../config/keys-file.js';

/** Seconds after which every server is taken to have read the file again. */
const timeToReread = 3600;

/** Without a file, prints a key file with one new key. With a file, adds a new key to it and prints the next steps. */
export async function createKey(file: string | undefined, algorithmName: string | undefined): Promise<void> {
  const { algorithm } = readConfig({ ALGORITHM: algorithmName });
  const kid = `${new Date().toISOString().slice(0, 10)}-${randomBytes(4).toString('hex')}`;
  if (file === undefined) {
    restrictOutputFile();
    return print(newKeysFile(algorithm, kid));
  }

  const count = orThrow((reportProblem) => addKey(file, algorithm, kid, reportProblem));
  await printDone(
    count === 1
      ? `${file} holds the key ${kid}. Start the server with SIGNING_KEYS_FILE=${file}`
      : `${file} holds the key ${kid} as the last of ${count}. Send SIGHUP to every server; then promote the key, and send it again.`,
  );
}

/** Prints a line for each key. */
export async function listKeys(path: string): Promise<void> {
  const file = orThrow((reportProblem) => readKeyEntries(path, reportProblem));
  const lines = file.keys.map((key, index) => {
    const created = dayOfCreation(key.kid) ?? '-';
    const retirement = retirementOf(file, key)?.toISOString();
    const use = retirement === undefined ? 'verifies' : `verifies, signed until ${retirement}`;
    return `${[nameOf(key), key.alg, created, index === 0 ? 'signs' : use].join('\t')}\n`;
  });
  await print(lines.join(''));
}

/** Makes the key the one that signs. */
export async function promoteKey(path: string, kid: string): Promise<void> {
  change(path, (file) => promote(file, keyOf(file, kid), new Date()));
  await printDone(`The key ${kid} signs. Send SIGHUP to every server.`);
}

/** Removes the key; if it was the first one, the next one signs. The last key stays. */
export async function removeKey(path: string, kid: string): Promise<void> {
  const { keys } = change(path, (file) => {
    if (file.keys.length === 1) throw new CommandFailed(`${kid} is the only key. Add another one first.`);
    return removeKeys(file, [keyOf(file, kid)]);
  });
  const signer = keys.map(nameOf)[0];
  await printDone(`The key ${kid} is removed; ${signer} signs. Send SIGHUP to every server.`);
}

/**
 * Removes the keys that were replaced longer ago than a refresh token lives, and an hour for all servers to be told.
 * A key that was moved by hand stays: when it last signed is not known.
 */
export async function pruneKeys(path: string, refreshTokenLifetime: string | undefined): Promise<void> {
  const { sessions } = readConfig({ REFRESH_TOKEN_LIFETIME: refreshTokenLifetime });
  const time = new Date(Date.now() - (sessions.refreshLifetime + timeToReread) * 1000);
  let removed: readonly KeyEntry[] = [];
  change(path, (file) => removeKeys(file, (removed = retiredBefore(file, time))));
  await printDone(
    removed.length === 0
      ? `No key was replaced before ${time.toISOString()}; all stay.`
      : `Removed ${removed.map(nameOf).join(', ')}. Send SIGHUP to every server.`,
  );
}

function change(path: string, to: (file: KeysFile) => KeysFile): KeysFile {
  return orThrow((reportProblem) => changeKeysFile(path, to, reportProblem));
}

function keyOf({ keys }: KeysFile, kid: string): KeyEntry {
  const key = keys.find((each) => nameOf(each) === kid);
  if (!key) throw new CommandFailed(`The file has no key ${kid}, but ${keys.map(nameOf).join(', ')}.`);
  return key;
}

/** The result; throws ConfigError if there is none, with the problems that were reported. */
function orThrow<T>(attempt: (reportProblem: ReportProblem) => T | undefined): T {
  const problems: string[] = [];
  const result = attempt((message) => void problems.push(message));
  if (result === undefined) throw new ConfigError(problems);
  return result;
}
