import type { ReadAuditLog } from '../../application/read-audit-log.js';
import { printable } from './printable.js';
import { timeText } from './time-text.js';
import type { Terminal } from './user-commands.js';

/** Prints the records, the latest first and at most so many, as one line each, or as one JSON object. */
export async function printAuditLog(
  log: ReadAuditLog,
  { max, json }: { readonly max?: number | undefined; readonly json: boolean },
  print: Terminal['print'],
): Promise<void> {
  for await (const { id, at, by, actor, act, userId, username } of log.list(max)) {
    const time = timeText(at);
    await print(
      json
        ? `${JSON.stringify({ id, time, by, actor, act, userId, username })}\n`
        : `${[time, by, printable(actor), printable(act), userId, printable(username)].join('\t')}\n`,
    );
  }
}
