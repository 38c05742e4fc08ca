import { DomainError } from '../domain/errors.js';

/** How many long reads of one user may be in progress at once, in this process. */
const maxPerUser = 4;

/** Keeps one user from filling the memory with lists that are read slowly, or often at once. */
export class LimitLongReads {
  private readonly countByUser = new Map<number, number>();

  /** Does something that counts as a long read of the user until it has settled; throws 'too_many_reads'. */
  async run<T>(userId: number, read: () => Promise<T>): Promise<T> {
    const count = this.countByUser.get(userId) ?? 0;
    if (count >= maxPerUser) throw new DomainError('too_many_reads');
    this.countByUser.set(userId, count + 1);
    try {
      return await read();
    } finally {
      const left = (this.countByUser.get(userId) ?? 1) - 1;
      if (left > 0) this.countByUser.set(userId, left);
      else this.countByUser.delete(userId);
    }
  }
}
