import {
  chmodSync,
  chownSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import {
  algorithms,
  newKeyText,
  parseSigningKey,
  type Algorithm,
  type SigningKey,
  type SigningKeys,
} from '../adapters/crypto/signing-key.js';

/** What a key file holds. The first key signs, all verify. */
export interface KeysFile {
  readonly keys: readonly KeyEntry[];
  /** When keys were last replaced as the one that signs, by kid (`-` for a key without one), as ISO 8601. */
  readonly retired?: Readonly<Record<string, string>>;
}

/** An entry of a key file. */
export interface KeyEntry {
  /** At most one key has none. It verifies tokens without a `kid`, such as those that a SIGNING_KEY has signed. */
  readonly kid?: string;
  readonly alg: Algorithm;
  /** The same text as in SIGNING_KEY. */
  readonly key: string;
}

export type ReportProblem = (message: string) => undefined;

/** Reads a key file. Each problem is reported in a message that begins with `name` and quotes nothing from the file. */
export function readKeysFile(
  name: string,
  path: string,
  reportProblem: ReportProblem,
): SigningKeys | undefined {
  return parseKeysFile(name, readText(name, path, reportProblem), reportProblem);
}

/** Whether users other than the file's owner and group may read or change it. */
export function isReadableByOthers(path: string): boolean {
  return (statSync(path).mode & 0o006) !== 0;
}

/** The text of a key file with one new key. */
export function newKeysFile(algorithm: Algorithm, kid: string): string {
  return asText({ keys: [newEntry(algorithm, kid)] });
}

/**
 * Adds a new key at the end of a file, or creates the file, readable only by its owner. Returns the resulting number of
 * keys, or undefined after reporting a problem. The file is replaced atomically.
 */
export function addKey(
  path: string,
  algorithm: Algorithm,
  kid: string,
  reportProblem: ReportProblem,
): number | undefined {
  try {
    writeFileSync(path, newKeysFile(algorithm, kid), { flag: 'wx', mode: 0o600, flush: true });
    return 1;
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') return cannotBeWritten(path, error, reportProblem);
  }
  const add = (file: KeysFile) => ({ ...file, keys: [...file.keys, newEntry(algorithm, kid)] });
  return changeKeysFile(path, add, reportProblem)?.keys.length;
}

/** The content of a key file, or undefined after reporting a problem. */
export function readKeyEntries(path: string, reportProblem: ReportProblem): KeysFile | undefined {
  const text = readText(path, path, reportProblem);
  if (text === undefined || !parseKeysFile(path, text, reportProblem)) return undefined;
  return JSON.parse(text) as KeysFile;
}

/**
 * Replaces the content of a key file atomically: readers see the old text or the new one. Its owner and group keep their
 * permissions. Returns the new content; undefined after reporting a problem. If `change` throws, nothing changes.
 */
export function changeKeysFile(
  path: string,
  change: (file: KeysFile) => KeysFile,
  reportProblem: ReportProblem,
): KeysFile | undefined {
  let newPath: string | undefined;
  try {
    const target = realpathSync(path);
    // Fails if it exists: then another process is replacing the file.
    writeFileSync(`${target}.new`, '', { flag: 'wx', mode: 0o600 });
    newPath = `${target}.new`;
    const file = readKeyEntries(path, reportProblem);
    if (!file) return undefined;
    const changed = change(file);
    writeFileSync(newPath, asText(changed), { flush: true });
    const { mode, uid, gid } = statSync(target);
    chownSync(newPath, uid, gid);
    chmodSync(newPath, mode & 0o770);
    renameSync(newPath, target);
    newPath = undefined;
    return changed;
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return cannotBeWritten(path, error, reportProblem);
  } finally {
    if (newPath !== undefined) rmSync(newPath, { force: true });
  }
}

function cannotBeWritten(path: string, error: unknown, reportProblem: ReportProblem): undefined {
  const { path: written = path } = error as NodeJS.ErrnoException;
  return reportProblem(`${written}: the file cannot be written (${codeOf(error)}).`);
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}

function parseKeysFile(
  name: string,
  text: string | undefined,
  reportProblem: ReportProblem,
): SigningKeys | undefined {
  if (text === undefined) return undefined;
  const entries = listIn(text);
  if (!entries || entries.length === 0) {
    return reportProblem(
      `${name}: expected {"keys":[{"kid":"…","alg":"HS256","key":"…"}, …]}, and one key at least.`,
    );
  }
  const keys = entries.flatMap(
    (entry, index) => parseEntry(entry, (what) => reportProblem(`${name}: key ${index + 1} ${what}`)) ?? [],
  );
  if (keys.length < entries.length) return undefined;
  const ids = new Set(keys.map(({ id }) => id));
  if (ids.size < keys.length) return reportProblem(`${name}: two keys have the same kid, or none.`);
  return keys as [SigningKey, ...SigningKey[]];
}

/** The list `keys` of a JSON object; undefined if there is none. The parser's own error would quote the text. */
function listIn(text: string): readonly unknown[] | undefined {
  try {
    const { keys } = JSON.parse(text) as { keys: unknown };
    return Array.isArray(keys) ? keys : undefined;
  } catch {
    return undefined;
  }
}

function parseEntry(entry: unknown, reportProblem: ReportProblem): SigningKey | undefined {
  if (typeof entry !== 'object' || entry === null) return reportProblem('is no object.');
  const { kid, alg, key, ...others } = entry as Record<string, unknown>;
  const algorithm = algorithms.find((each) => each === alg);
  if (!algorithm) return reportProblem(`has an alg other than ${algorithms.join(', ')}.`);
  if (!isKid(kid))
    return reportProblem('has a kid that is not of 1 to 64 letters, digits, "_", "-" and ".".');
  if (typeof key !== 'string') return reportProblem('has no text as its key.');
  if (Object.keys(others).length > 0) return reportProblem('has more than kid, alg and key.');
  return parseSigningKey(key.trim(), algorithm, kid, reportProblem);
}

function isKid(value: unknown): value is string | undefined {
  return value === undefined || (typeof value === 'string' && /^[\w.-]{1,64}$/.test(value));
}

function newEntry(algorithm: Algorithm, kid: string): KeyEntry {
  return { kid, alg: algorithm, key: newKeyText(algorithm) };
}

function asText(file: KeysFile): string {
  return `${JSON.stringify(file, null, 2)}\n`;
}

function readText(name: string, path: string, reportProblem: ReportProblem): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    return reportProblem(`${name}: the file cannot be read (${codeOf(error)}).`);
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown';
}
