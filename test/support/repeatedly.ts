/** Calls again and again until something else has happened; answers what the calls answered. */
export async function repeatedly<T>(call: () => Promise<T>, end: Promise<unknown>): Promise<T[]> {
  const answers: T[] = [];
  const ended = end.then(() => true);
  do answers.push(await call());
  while (!(await Promise.race([ended, Promise.resolve(false)])));
  return answers;
}
