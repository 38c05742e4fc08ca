import { setTimeout } from 'node:timers/promises';

/** Resolves as soon as the condition holds. Throws what it was waiting for if that takes too long, in milliseconds. */
export async function untilTrue(
  what: string,
  condition: () => Promise<boolean> | boolean,
  patience = 15_000,
): Promise<void> {
  const deadline = Date.now() + patience;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`in vain waited until ${what}`);
    await setTimeout(20);
  }
}
