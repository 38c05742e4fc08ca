import type { Context } from './context.js';

/** The id in the path. One that no number can hold becomes 0, which no task has either (contract, sections 7 and 8). */
export function taskId(ctx: Context): number {
  const id = Number((ctx as { captures?: string[] }).captures?.[0]);
  return Number.isSafeInteger(id) ? id : 0;
}
