import type { Storage } from '../../application/ports/storage.js';
import { NotCreated } from './failure.js';
import { resultSchemas } from './result-schemas.js';
import type { StorageCreation } from './storage-creation.js';
import type { Method } from './wrap-methods.js';

/** A storage that is not created yet: each call waits for it. Rejects with NotCreated if that fails. */
export function postponedStorage(creation: StorageCreation): Storage {
  const ports = postponedMembers(resultSchemas, (storage) => storage, creation) as Storage;
  return { ...ports, close: () => creation.close() };
}

function postponedMembers(
  expected: object,
  ownerIn: (storage: Storage) => object,
  creation: StorageCreation,
): object {
  const members = Object.entries(expected).map(([name, part]: [string, object]) => {
    const memberIn = (storage: Storage) => Reflect.get(ownerIn(storage), name) as object;
    if (typeof part !== 'function') return [name, postponedMembers(part, memberIn, creation)];
    const method: Method = async (...args) => {
      const storage = await creation.storage().catch((error: unknown) => {
        throw error instanceof NotCreated ? error : new NotCreated(error);
      });
      const member = memberIn(storage) as Method | undefined;
      return member ? Reflect.apply(member, ownerIn(storage), args) : []; // Only `inspect` may be missing.
    };
    return [name, method];
  });
  return Object.fromEntries(members) as object;
}
