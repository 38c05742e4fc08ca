/** The parts of the storage contract, by the titles that they have in it. */
export type Part =
  'storage' | 'users' | 'sessions' | 'tasks' | 'calls at once' | 'attempts' | 'export and import' | 'staff';

/** A fault that is planted in a copy of a storage. The storage contract must find it. */
export interface Fault {
  /** What the storage does wrong. */
  readonly name: string;
  /** The part of the contract that must find it; all of it if this is absent. */
  readonly part?: Part;
  /** The name of the file in the folder of the storage. */
  readonly file: string;
  /** A piece of the file that occurs once. A blank stands for any blanks and line ends. */
  readonly from: string;
  readonly to: string;
  /** Why nobody who calls the storage can tell. Then the contract must not find it either. */
  readonly unobservable?: string;
}

/** Faults of one part in one file: by name, what is replaced by what, and why it is unobservable if it is. */
export function faultsIn(
  part: Part,
  file: string,
  faults: Readonly<Record<string, readonly [from: string, to: string, unobservable?: string]>>,
): Fault[] {
  return Object.entries(faults).map(([name, [from, to, unobservable]]) => {
    const fault = { name, part, file, from, to };
    return unobservable === undefined ? fault : Object.assign(fault, { unobservable });
  });
}

/** The code with the fault in it. Throws if the fault does not say clearly where it belongs. */
export function plant(code: string, { name, file, from, to }: Fault): string {
  const words = from
    .trim()
    .split(/\s+/)
    .map((word) => word.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  const places = [...code.matchAll(new RegExp(words.join(String.raw`\s+`), 'g'))];
  const [place] = places;
  if (!place || places.length > 1) {
    throw new Error(`'${name}': its text occurs ${places.length} times in ${file}: ${from}`);
  }
  return code.slice(0, place.index) + to + code.slice(place.index + place[0].length);
}
