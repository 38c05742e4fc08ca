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

/** A key as it stands in a file, whose text is `{"keys":[…]}`. */
interface KeyEntry {
  /** Left out by one key at most: that of tokens which name none, as those are that a SIGNING_KEY has signed. */
  readonly kid?: string;
  readonly alg: Algorithm;
  /** What SIGNING_KEY would hold. */
  readonly key: string;
}

type Problem = (sentence: string) => undefined;

/** Reads a file of keys. Problems are told in sentences that begin with `name` and repeat nothing of the file. */
export function readKeysFile(name: string, path: string, problem: Problem): SigningKeys | undefined {
  return parseKeysFile(name, readText(name, path, problem), problem);
}

/** Whether users other than the file's owner and group may read or change it. */
export function isReadableByOthers(path: string): boolean {
  return (statSync(path).mode & 0o006) !== 0;
}

/** A file of one new key. */
export function newKeysFile(algorithm: Algorithm, kid: string): string {
  return asText([newEntry(algorithm, kid)]);
}

/**
 * Adds a new key to a file, as its last one, or starts a file that only its owner may read; answers how many keys it
 * holds then. The file is replaced in one step. Problems are told as when it is read.
 */
export function addKey(
  path: string,
  algorithm: Algorithm,
  kid: string,
  problem: Problem,
): number | undefined {
  const cannotBeWritten = (error: unknown) => {
    const { path: written = path } = error as NodeJS.ErrnoException;
    return problem(`${written}: the file cannot be written (${codeOf(error)}).`);
  };
  try {
    writeFileSync(path, newKeysFile(algorithm, kid), { flag: 'wx', mode: 0o600, flush: true });
    return 1;
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') return cannotBeWritten(error);
  }
  const text = readText(path, path, problem);
  if (!parseKeysFile(path, text, problem)) return undefined;
  const { keys } = JSON.parse(text ?? '') as { keys: KeyEntry[] };
  try {
    replaceFile(realpathSync(path), asText([...keys, newEntry(algorithm, kid)]));
    return keys.length + 1;
  } catch (error) {
    return cannotBeWritten(error);
  }
}

function parseKeysFile(name: string, text: string | undefined, problem: Problem): SigningKeys | undefined {
  if (text === undefined) return undefined;
  const entries = listIn(text);
  if (!entries || entries.length === 0) {
    return problem(
      `${name}: expected {"keys":[{"kid":"…","alg":"HS256","key":"…"}, …]}, and one key at least.`,
    );
  }
  const keys = entries.flatMap(
    (entry, index) => parseEntry(entry, (what) => problem(`${name}: key ${index + 1} ${what}`)) ?? [],
  );
  if (keys.length < entries.length) return undefined;
  const ids = new Set(keys.map(({ id }) => id));
  if (ids.size < keys.length) return problem(`${name}: two keys have the same kid, or none.`);
  return keys as [SigningKey, ...SigningKey[]];
}

/** The list named `keys` in a JSON object; undefined if there is none. What a parser complains of would repeat the text. */
function listIn(text: string): readonly unknown[] | undefined {
  try {
    const { keys } = JSON.parse(text) as { keys: unknown };
    return Array.isArray(keys) ? keys : undefined;
  } catch {
    return undefined;
  }
}

function parseEntry(entry: unknown, problem: Problem): SigningKey | undefined {
  if (typeof entry !== 'object' || entry === null) return problem('is no object.');
  const { kid, alg, key, ...others } = entry as Record<string, unknown>;
  const algorithm = algorithms.find((each) => each === alg);
  if (!algorithm) return problem(`has an alg other than ${algorithms.join(', ')}.`);
  if (!isKid(kid)) return problem('has a kid that is not of 1 to 64 letters, digits, "_", "-" and ".".');
  if (typeof key !== 'string') return problem('has no text as its key.');
  if (Object.keys(others).length > 0) return problem('has more than kid, alg and key.');
  return parseSigningKey(key.trim(), algorithm, kid, problem);
}

function isKid(value: unknown): value is string | undefined {
  return value === undefined || (typeof value === 'string' && /^[\w.-]{1,64}$/.test(value));
}

function newEntry(algorithm: Algorithm, kid: string): KeyEntry {
  return { kid, alg: algorithm, key: newKeyText(algorithm) };
}

function asText(keys: readonly KeyEntry[]): string {
  return `${JSON.stringify({ keys }, null, 2)}\n`;
}

function readText(name: string, path: string, problem: Problem): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    return problem(`${name}: the file cannot be read (${codeOf(error)}).`);
  }
}

/** Whoever reads the file finds the old text or the new one. Its owner and group may do with it what they could before. */
function replaceFile(path: string, text: string): void {
  const successor = `${path}.new`;
  // Refused while there is one: somebody else is about to replace the file.
  writeFileSync(successor, '', { flag: 'wx', mode: 0o600 });
  try {
    writeFileSync(successor, text, { flush: true });
    const { mode, uid, gid } = statSync(path);
    chownSync(successor, uid, gid);
    chmodSync(successor, mode & 0o770);
    renameSync(successor, path);
  } catch (error) {
    rmSync(successor, { force: true });
    throw error;
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown';
}
