/** How many letters may differ: fewer in a short name, which is close to too many others, as HOST is to HOME. */
const tolerance = (name: string) => (name.length <= 5 ? 1 : 2);

/**
 * A message for each variable of the environment that is not a setting, but nearly one: in another case, with another
 * number of `_`, or with one or two wrong letters.
 */
export function misspeltNames(
  environment: Readonly<Record<string, string | undefined>>,
  ours: readonly string[],
): string[] {
  return Object.keys(environment).flatMap((name) => {
    const meant = ours.includes(name) ? undefined : ours.find((each) => isNear(name.toUpperCase(), each));
    return meant === undefined ? [] : [`${name} is not a setting. Did you mean ${meant}?`];
  });
}

function isNear(name: string, ours: string): boolean {
  if (name.replaceAll('_', '') === ours.replaceAll('_', '')) return true;
  // The distance is at least the difference in length. That check alone decides most names.
  const limit = tolerance(ours);
  return Math.abs(name.length - ours.length) <= limit && distance(name, ours) <= limit;
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
