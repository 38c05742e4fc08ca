import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { fchmodSync, fstatSync } from 'node:fs';
import { OutputError } from './print.js';

/**
 * Writes a file that only its owner may read: calls `write` with a function that appends to it. The file has another
 * name until it is complete; after an error there is none. Rejects with OutputError if it cannot be written.
 */
export async function writePrivateFile(
  path: string,
  write: (append: (text: string) => Promise<void>) => Promise<void>,
): Promise<void> {
  const partPath = `${path}.${process.pid}.part`;
  const orOutputError = <T>(promise: Promise<T>): Promise<T> =>
    promise.catch((error: NodeJS.ErrnoException) => {
      throw new OutputError(error.code ?? 'unknown', undefined, path);
    });
  const file: FileHandle = await orOutputError(open(partPath, 'wx', 0o600));
  try {
    await write((text) => orOutputError(file.writeFile(text)));
    await orOutputError(file.sync());
    await orOutputError(rename(partPath, path));
  } catch (error) {
    await rm(partPath, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

/** A file that the shell creates for standard output is usually readable by every user. */
export function restrictOutputFile(): void {
  const stat = fstatSync(1);
  if (stat.isFile()) fchmodSync(1, stat.mode & 0o700);
}
