/** Calls repeatedly until `end` resolves; returns the results. */
export async function repeatedly<T>(call: () => Promise<T>, end: Promise<unknown>): Promise<T[]> {
  const responses: T[] = [];
  const ended = end.then(() => true);
  do responses.push(await call());
  while (!(await Promise.race([ended, Promise.resolve(false)])));
  return responses;
}
