/** How many letters may differ: fewer in a short word, which is close to too many others, as HOST is to HOME. */
const tolerance = (word: string) => (word.length <= 5 ? 1 : 2);

/**
 * The known word that is most likely meant by one that is not known: it has another number of `_` or `-`, or one or two
 * wrong letters. Undefined if none is that near.
 */
export function nearestWord<T extends string>(word: string, known: readonly T[]): T | undefined {
  const [nearest] = known
    .flatMap((each) => (isNear(word, each) ? { each, letters: distance(word, each) } : []))
    .toSorted((one, other) => one.letters - other.letters);
  return nearest?.each;
}

function isNear(word: string, known: string): boolean {
  if (word.replaceAll(/[_-]/g, '') === known.replaceAll(/[_-]/g, '')) return true;
  // The distance is at least the difference in length. That check alone decides most words.
  const limit = tolerance(known);
  return Math.abs(word.length - known.length) <= limit && distance(word, known) <= limit;
}

/** The edit distance: letters to insert, delete, replace or swap with the next one (optimal string alignment). */
function distance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const [last = [], beforeLast = []] = [rows[i - 1], rows[i - 2]];
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const isEqual = a[i - 1] === b[j - 1];
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row[j] = Math.min(
        at(last, j) + 1,
        at(row, j - 1) + 1,
        at(last, j - 1) + (isEqual ? 0 : 1),
        isSwapped ? at(beforeLast, j - 2) + 1 : Infinity,
      );
    }
    rows[i] = row;
  }
  return at(rows[a.length] ?? [], b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Infinity;
}
