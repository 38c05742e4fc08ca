import { setTimeout } from 'node:timers/promises';

/**
 * Resolves with what `look` finds as soon as that is neither undefined nor false. Throws an error that names `what` after
 * `timeout` milliseconds. Waits `pause` milliseconds between two looks.
 */
export async function waitFor<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  { timeout = 15_000, pause = 10 } = {},
): Promise<T> {
  const deadline = Date.now() + timeout;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`timeout after ${timeout} ms: ${what}`);
    await setTimeout(pause);
  }
}
