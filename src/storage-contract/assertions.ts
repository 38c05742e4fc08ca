import assert from 'node:assert/strict';

/** Expects that the object has all fields of the other one, with the same values. It may have more. */
export function assertIncludes<T extends object>(actual: unknown, expected: T, message?: string): void {
  assert.ok(typeof actual === 'object' && actual !== null, message);
  const fields = Object.keys(expected).map((name) => [name, Reflect.get(actual, name)]);
  assert.deepEqual(Object.fromEntries(fields), expected, message);
}

/** Expects the same members in any order. */
export function assertSameMembers<T>(actual: readonly T[], expected: readonly T[]): void {
  const inOneOrder = (members: readonly T[]) => members.map((member) => JSON.stringify(member)).toSorted();
  assert.deepEqual(inOneOrder(actual), inOneOrder(expected));
}

/** Expects that the numbers differ by at most `difference`. */
export function assertClose(actual: number, expected: number, difference: number): void {
  assert.ok(Math.abs(actual - expected) <= difference, `${actual} is not ${expected}`);
}
