import { randomBytes } from 'node:crypto';
import { restrictOutputFile } from '../adapters/terminal/output-file.js';
import { print, printDone } from '../adapters/terminal/print.js';
import { ConfigError, readConfig } from '../config/config.js';
import { addKey, newKeysFile } from '../config/keys-file.js';

/** Without a file, prints a key file with one new key. With a file, adds a new key to it and prints the next steps. */
export async function createKey(file: string | undefined, algorithmName: string | undefined): Promise<void> {
  const { algorithm } = readConfig({ ALGORITHM: algorithmName });
  const kid = `${new Date().toISOString().slice(0, 10)}-${randomBytes(4).toString('hex')}`;
  if (file === undefined) {
    restrictOutputFile();
    return print(newKeysFile(algorithm, kid));
  }

  const problems: string[] = [];
  const count = addKey(file, algorithm, kid, (message) => void problems.push(message));
  if (count === undefined) throw new ConfigError(problems);
  await printDone(
    count === 1
      ? `${file} holds the key ${kid}. Start the server with SIGNING_KEYS_FILE=${file}`
      : `${file} holds the key ${kid} as the last of ${count}. Send SIGHUP to every server; then move the key to the front, and send it again.`,
  );
}
