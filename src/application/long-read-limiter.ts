import { DomainError } from '../domain/errors.js';

/** How many long reads one user may have in progress, in this process. */
const maxPerUser = 4;

/** Limits concurrent long reads, so that a user who reads lists slowly, or many at once, cannot fill the memory. */
export class LongReadLimiter {
  private readonly countByUser = new Map<number, number>();

  /** Begins a long read of the user. It ends when the returned function is called. Throws 'too_many_reads'. */
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

  /** Runs a long read of the user. Rejects with 'too_many_reads'. */
  async run<T>(userId: number, read: () => Promise<T>): Promise<T> {
    const release = this.begin(userId);
    try {
      return await read();
    } finally {
      release();
    }
  }
}
