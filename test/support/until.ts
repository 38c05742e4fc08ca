import { setTimeout } from 'node:timers/promises';

/** Resolves with what is looked for as soon as there is such a thing. Throws after some seconds. */
export async function until<T>(
  look: () => T | undefined | Promise<T | undefined>,
  { seconds = 5, pause = 5, what = look.toString() } = {},
): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`waited ${seconds} seconds in vain: ${what}`);
    await setTimeout(pause);
  }
}
