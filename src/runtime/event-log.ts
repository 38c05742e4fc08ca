import type { Log } from '../application/ports/environment.js';
import type { AppEvent, ReportEvent } from '../application/ports/events.js';

/** Each event's level and sentence. */
const lines: Readonly<Record<AppEvent['event'], readonly [level: keyof Log, message: string]>> = {
  sign_in_failed: ['info', 'A sign-in failed'],
  session_opened: ['info', 'A session was opened'],
  session_adopted: ['info', 'A token of the replaced backend became a session'],
  token_refreshed: ['debug', 'An access token was refreshed'],
  refresh_token_reused: ['warn', 'A refresh token was used again; its session has ended'],
  session_ended: ['info', 'A session was ended'],
  password_changed: ['info', 'A password was changed'],
  account_deleted: ['info', 'An account was deleted'],
  user_registered: ['info', 'A user registered'],
  throttled: ['info', 'A rate limit was reached'],
  keys_reread: ['info', 'Signing keys reloaded'],
  staff_act: ['info', 'A member of staff changed an account'],
  operator_act: ['info', 'An operator ran a command'],
};

/**
 * Logs every event in one line. `nameOf` turns what a client sent as a user name, any text of up to 150 code units, into
 * what stands in the line.
 */
export function eventLog(log: Log, nameOf = printable): ReportEvent {
  return (event) => {
    const [level, message] = lines[event.event];
    const fields = event.event === 'sign_in_failed' ? { ...event, username: nameOf(event.username) } : event;
    log[level](fields, message);
  };
}

/** The text without what might end a line or move a terminal's cursor: U+FFFD stands for each such character. */
function printable(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '\ufffd');
}
