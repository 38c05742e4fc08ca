import type { KeyEntry, KeysFile } from './keys-file.js';

/** What a key is called on the command line: its kid, or `-` if it has none. */
export function nameOf({ kid }: KeyEntry): string {
  return kid ?? '-';
}

/** The day on which `keys new` made the key, which its kid begins with; undefined for any other kid. */
export function dayOfCreation(kid: string | undefined): string | undefined {
  return /^\d{4}-\d\d-\d\d(?=-)/.exec(kid ?? '')?.[0];
}

/** When the key stopped signing; undefined if that is not known. */
export function retirementOf({ retired }: KeysFile, key: KeyEntry): Date | undefined {
  const time = new Date(retired?.[nameOf(key)] ?? NaN);
  return Number.isNaN(time.getTime()) ? undefined : time;
}

/** Makes the key the first one, which signs. The one that did is retired now. */
export function promote(file: KeysFile, key: KeyEntry, now: Date): KeysFile {
  const [first] = file.keys;
  if (!first || first === key) return file;
  const retired = { ...file.retired, [nameOf(first)]: now.toISOString() };
  return ordered({ ...file, retired }, [key, ...file.keys.filter((each) => each !== key)]);
}

/** Removes keys. If the first one is among them, the next one signs. */
export function removeKeys(file: KeysFile, removed: readonly KeyEntry[]): KeysFile {
  return ordered(
    file,
    file.keys.filter((key) => !removed.includes(key)),
  );
}

/** The file with these keys. Retired are only those that are there and do not sign. */
function ordered({ retired = {}, ...file }: KeysFile, keys: readonly KeyEntry[]): KeysFile {
  const names = keys.slice(1).map(nameOf);
  const known = Object.entries(retired).filter(([name]) => names.includes(name));
  return { ...file, keys, ...(known.length > 0 && { retired: Object.fromEntries(known) }) };
}

/** The keys that stopped signing before this time. A key whose time is not known is not among them. */
export function retiredBefore(file: KeysFile, time: Date): readonly KeyEntry[] {
  return file.keys.slice(1).filter((key) => {
    const retirement = retirementOf(file, key);
    return retirement !== undefined && retirement < time;
  });
}
