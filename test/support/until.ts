import { setTimeout } from 'node:timers/promises';

/**
 * Resolves with what is looked for as soon as there is such a thing: neither undefined nor false. Throws what it was waiting
 * for if that takes longer than `patience`. Times are in milliseconds.
 */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  { patience = 15_000, pause = 10 } = {},
): Promise<T> {
  const deadline = Date.now() + patience;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`waited ${patience} ms in vain: ${what}`);
    await setTimeout(pause);
  }
}
