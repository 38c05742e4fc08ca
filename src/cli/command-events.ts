import { userInfo } from 'node:os';
import type { Log } from '../application/ports/environment.js';
import { eventLog } from '../runtime/event-log.js';
import { createLog } from './log.js';

/**
 * A log of JSON lines on standard error, for the events of a command's use cases. At a terminal it is silent, since the
 * command itself says there what it has done.
 */
export function commandLog(): Promise<Log> {
  return createLog(process.stderr.isTTY ? 'silent' : 'info', process.stderr, false);
}

/**
 * Reports on standard error what a command has done, as a JSON line or, at a terminal, as one for people. `act` is its
 * words, such as `user set-password`, and `subject` whom or what it was done to, such as a user's name. To be called after
 * the act.
 */
export async function reportAct(act: string, subject?: string): Promise<void> {
  const report = eventLog(await createLog('info', process.stderr, process.stderr.isTTY));
  report({ event: 'operator_act', operator: operatorName(), act, ...(subject !== undefined && { subject }) });
}

/** The user who runs the command; with sudo, the one who called it. A user without a name is a number. */
export function operatorName(): string {
  const uid = process.getuid?.();
  const { SUDO_USER } = process.env;
  if (uid === 0 && SUDO_USER) return SUDO_USER;
  try {
    return userInfo().username;
  } catch {
    return String(uid);
  }
}
