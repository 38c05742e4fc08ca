import type { Growing } from '../options.js';
import { growStorm, type StormCost } from './storm.js';
import { growTasks, type ListsCost, type TasksCost } from './tasks.js';
import { growUsers, type UsersCost } from './users.js';

/** How cost grows with what grows; what was not measured is missing. */
export interface Growth {
  readonly tasks?: {
    readonly requests: readonly TasksCost[];
    readonly longLists: readonly ListsCost[];
  };
  readonly users?: readonly UsersCost[];
  readonly storm?: StormCost;
}

export async function grow(what: readonly Growing[], seconds: number): Promise<Growth> {
  return {
    ...(what.includes('tasks') && { tasks: await growTasks(seconds) }),
    ...(what.includes('users') && { users: await growUsers(seconds) }),
    ...(what.includes('storm') && { storm: await growStorm(seconds) }),
  };
}
