import { storageRejections, type StorageRejection } from '../application/ports/storage.js';

/** The code of the refusal with which the call rejects. Throws if it does not reject, or rejects with something else. */
export async function rejectionOf(call: Promise<unknown>): Promise<StorageRejection> {
  return call.then(
    (result) => {
      throw new Error(`not refused, but resolved to ${JSON.stringify(result)}`);
    },
    (error: unknown) => {
      const code = refusalOf(error);
      if (code === undefined) throw error;
      return code;
    },
  );
}

/** What the call resolves to, or the code of the refusal with which it rejects. Throws if it rejects with something else. */
export async function outcomeOf<T>(call: Promise<T>): Promise<T | StorageRejection> {
  return call.catch((error: unknown) => rejectionOf(Promise.reject(error)));
}

/** The code of a refusal, whatever class its error has; undefined for any other error. */
function refusalOf(error: unknown): StorageRejection | undefined {
  const code: unknown =
    typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return storageRejections.find((each) => each === code);
}
