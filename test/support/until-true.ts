import { until } from './until.js';

/** Resolves as soon as the condition holds. Throws what it was waiting for if that takes too long, in milliseconds. */
export async function untilTrue(
  what: string,
  condition: () => Promise<boolean> | boolean,
  patience = 15_000,
): Promise<void> {
  await until(async () => (await condition()) || undefined, { seconds: patience / 1000, pause: 20, what });
}
