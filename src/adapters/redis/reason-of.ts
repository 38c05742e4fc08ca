import { ReplyError } from 'ioredis';

/** What the client library says in sentences of its own, and Redis without a code, in a few words. */
const phrases: readonly (readonly [sentence: RegExp, reason: string])[] = [
  [/enableOfflineQueue/, 'not connected'],
  [/timeout|timed out/i, 'timeout'],
  [/max retries per request|connection close/i, 'connection lost'],
  [/^All sentinels are unreachable/, 'no sentinel answers'],
  [/cluster support disabled/, 'not a cluster'],
  [/can't (?:run|access)/, 'NOPERM'],
];

/** Why a command failed, in few words for the log: Redis' own code, the system's, or what the client library gave up on. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  // Of a Cluster, none of whose nodes could be asked.
  if ('lastNodeError' in error && error.lastNodeError) return reasonOf(error.lastNodeError);
  if ('code' in error && typeof error.code === 'string') return error.code;
  const reason = phrases.find(([sentence]) => sentence.test(error.message))?.[1];
  if (reason !== undefined) return reason;
  return error instanceof ReplyError ? (/^[A-Z]+/.exec(error.message)?.[0] ?? 'reply') : error.name;
}
