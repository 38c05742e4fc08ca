import bcrypt from 'bcrypt';
import { HashingThreads } from '../../src/adapters/crypto/hashing-threads.js';

/** bcrypt's threads, which note each hash that a password is compared with. */
class CountingThreads extends HashingThreads {
  readonly compared: string[] = [];

  override compare(password: string, hash: string): Promise<boolean> {
    this.compared.push(hash);
    return super.compare(password, hash);
  }
}

/** The threads of every server in the tests' own process. */
export const bcryptThreads = new CountingThreads();

/** The cost of each comparison with a hash that is made during some work. */
export async function comparisonCosts(work: () => Promise<void>): Promise<readonly number[]> {
  const before = bcryptThreads.compared.length;
  await work();
  return bcryptThreads.compared.slice(before).map((hash) => bcrypt.getRounds(hash));
}
