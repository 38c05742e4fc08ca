import { ReplyError } from 'ioredis';

/** Why a command failed, in one word for the log: Redis' own code, the system's, or what the client library gave up on. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  if (error instanceof ReplyError) return codeOf(error.message);
  // Of a Cluster, none of whose nodes could be asked.
  if ('lastNodeError' in error && error.lastNodeError) return reasonOf(error.lastNodeError);
  if ('code' in error && typeof error.code === 'string') return error.code;
  if (error.message === 'Command timed out') return 'timeout';
  return error.message.includes('enableOfflineQueue') ? 'not connected' : error.name;
}

function codeOf(reply: string): string {
  // What the user may not do within a script has no code of its own.
  if (/can't (?:run|access)/.test(reply)) return 'NOPERM';
  return /^[A-Z]+/.exec(reply)?.[0] ?? 'reply';
}
