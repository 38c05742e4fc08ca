import { DomainError } from '../domain/errors.js';

/** How many long reads of one user may be in progress at once, in this process. */
const maxPerUser = 4;

/** Keeps one user from filling the memory with lists that are read slowly, or often at once. */
export class LongReadLimiter {
  private readonly countByUser = new Map<number, number>();

  /** Counts a long read of the user until the function that it returns is called; throws 'too_many_reads'. */
  begin(userId: number): () => void {
    const count = this.countByUser.get(userId) ?? 0;
    if (count >= maxPerUser) throw new DomainError('too_many_reads');
    this.countByUser.set(userId, count + 1);
    let hasEnded = false;
    return () => {
      if (hasEnded) return;
      hasEnded = true;
      const left = (this.countByUser.get(userId) ?? 1) - 1;
      if (left > 0) this.countByUser.set(userId, left);
      else this.countByUser.delete(userId);
    };
  }

  /** Counts a long read of the user until it has settled; throws 'too_many_reads'. */
  async run<T>(userId: number, read: () => Promise<T>): Promise<T> {
    const release = this.begin(userId);
    try {
      return await read();
    } finally {
      release();
    }
  }
}
