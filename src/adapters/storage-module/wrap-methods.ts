import type { Storage } from '../../application/ports/storage.js';
import { resultSchemas } from './result-schemas.js';

/** A method of a storage that is not trusted. */
export type Method = (...args: unknown[]) => Promise<unknown>;

/** Checks the result of a call with these arguments, and returns it without unknown fields. Throws InvalidResult. */
export type ReadResult = (result: unknown, args: unknown[]) => unknown;

/** Returns what takes the place of a method such as `tasks.find`. */
export type Wrap = (call: Method, readResult: ReadResult, name: string) => Method;

/** A storage whose methods are those of the given one, each wrapped. A method that throws rejects. */
export function wrapMethods(storage: Storage, wrap: Wrap): Storage {
  return wrapMembers(storage, resultSchemas, wrap, '') as Storage;
}

function wrapMembers(owner: object, expected: object, wrap: Wrap, path: string): object {
  const wrapped = Object.entries(expected).flatMap(([name, read]: [string, object]) => {
    const member = Reflect.get(owner, name) as object | undefined;
    if (member === undefined) return [];
    const fullName = `${path}${name}`;
    if (typeof read !== 'function') return [[name, wrapMembers(member, read, wrap, `${fullName}.`)]];
    const call: Method = async (...args) => Reflect.apply(member as Method, owner, args);
    return [[name, wrap(call, read as ReadResult, fullName)]];
  });
  return Object.fromEntries(wrapped) as object;
}
