/** Replaces a method by a stub, which is made from the method, until some work is done. */
export async function withStub<T extends object, K extends keyof T & string>(
  owner: T,
  name: K,
  replacement: (original: T[K]) => T[K],
  work: () => Promise<void>,
): Promise<void> {
  const method = Reflect.get(owner, name) as (...args: unknown[]) => unknown;
  Object.assign(owner, { [name]: replacement(method.bind(owner) as T[K]) });
  await work().finally(() => Object.assign(owner, { [name]: method }));
}
