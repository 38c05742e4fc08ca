import bcrypt from 'bcrypt';
import { whileReplaced } from './replace-method.js';

/** The cost of each comparison with a hash that is made during some work. */
export async function comparisonCosts(work: () => Promise<void>): Promise<readonly number[]> {
  const costs: number[] = [];
  const noting = (compare: typeof bcrypt.compare): typeof bcrypt.compare =>
    ((password: string, hash: string) => {
      costs.push(bcrypt.getRounds(hash));
      return compare(password, hash);
    }) as typeof bcrypt.compare;
  await whileReplaced(bcrypt, 'compare', noting, work);
  return costs;
}
