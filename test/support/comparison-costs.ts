import bcrypt from 'bcrypt';
import { bcryptThreads } from '../../src/adapters/crypto/bcrypt-threads.js';
import { whileReplaced } from './replace-method.js';

/** The cost of each comparison with a hash that is made during some work. */
export async function comparisonCosts(work: () => Promise<void>): Promise<readonly number[]> {
  const costs: number[] = [];
  const noting =
    (compare: typeof bcryptThreads.compare): typeof bcryptThreads.compare =>
    (password, hash) => {
      costs.push(bcrypt.getRounds(hash));
      return compare(password, hash);
    };
  await whileReplaced(bcryptThreads, 'compare', noting, work);
  return costs;
}
