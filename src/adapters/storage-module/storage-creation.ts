import { performance } from 'node:perf_hooks';
import type { Storage } from '../../application/ports/storage.js';

/** Milliseconds after a failure in which `createStorage` is not called again. */
const pause = 1_000;

/** Creates a storage, again if that fails. There is one attempt at a time, and none unless the storage is asked for. */
export class StorageCreation {
  private attempt: Promise<Storage>;
  private failedAt: number | undefined;

  constructor(private readonly create: () => Promise<Storage>) {
    this.attempt = this.start();
  }

  /** The storage. Rejects with the error of the last attempt, at once if that was within a second. */
  storage(): Promise<Storage> {
    if (this.failedAt !== undefined && performance.now() - this.failedAt >= pause)
      this.attempt = this.start();
    return this.attempt;
  }

  /** Closes the storage, also one that is being created. */
  async close(): Promise<void> {
    const storage = await this.attempt.catch(() => undefined);
    await storage?.close();
  }

  private start(): Promise<Storage> {
    this.failedAt = undefined;
    const attempt = this.create();
    attempt.catch(() => {
      this.failedAt = performance.now();
    });
    return attempt;
  }
}
