import { StorageUnavailable } from '../../../application/ports/storage.js';

/** Messages of Redis, the system and the client library, and our words for them in the log. The first match counts. */
const phrases: readonly (readonly [sentence: RegExp, reason: string])[] = [
  [/enableOfflineQueue/, 'not connected'],
  [/timeout|timed out/i, 'timeout'],
  [
    /max retries per request|connection (?:is )?close|EPIPE|ECONNRESET|Node is disconnected/i,
    'connection lost',
  ],
  [/None of startup nodes|Cluster is (?:disconnect|ended)/, 'connection lost'],
  [/cluster support disabled/, 'not a cluster'],
  [/DB index is out of range|invalid DB index/i, 'no such database'],
  [/SELECT is not allowed in cluster mode/, 'a cluster'],
  [/No such master/, 'no such master'],
  [/max number of clients/, 'too many clients'],
  [/can't (?:run|access)/, 'NOPERM'],
];

/** What an operator can do, by reason. */
const advice: readonly (readonly [reason: RegExp, sentence: string])[] = [
  [
    /^no sentinel answers: (?:NOAUTH|WRONGPASS|NOPERM)/,
    'Check REDIS_SENTINEL_USERNAME and REDIS_SENTINEL_PASSWORD, and what the ACL of the Sentinels allows.',
  ],
  [/^no sentinel answers: ERR unknown command/, 'What REDIS_URL names are no Sentinels: set REDIS_MODE.'],
  [/^no such master$/, 'The Sentinels know no master of the name in REDIS_SENTINEL_NAME.'],
  [/^(?:NOAUTH|WRONGPASS)$/, 'Check the credentials in REDIS_URL.'],
  [/^not a cluster$/, 'Set REDIS_MODE to single.'],
  [/^a cluster$/, 'Set REDIS_MODE to cluster.'],
  [
    /^data without a layout$/,
    'It is of Hexado 0.1.0, or of something else: go on with that, or use another database or REDIS_KEY_PREFIX.',
  ],
  [
    /^data of/,
    'Another version of Hexado has written it: go on with that, or use another database or REDIS_KEY_PREFIX.',
  ],
  [/^no such database$/, 'It has no database of the number in REDIS_URL.'],
  [/^too many clients$/, 'Raise its maxclients.'],
  [/^NOPERM$/, 'Its ACL keeps the user of REDIS_URL from a command that is needed.'],
  [/^ERR unknown command$/, 'It lacks a command that is needed, or has it under another name.'],
  [/^LOADING$/, 'It is reading its data from its disk.'],
  [/^MISCONF$/, 'It cannot write to its disk: see its own log.'],
  [/^READONLY$/, 'It is a replica: REDIS_URL should lead to the master.'],
  [/^NOREPLICAS$/, 'It has fewer replicas than its own min-replicas-to-write asks for.'],
  [/^no replica$/, 'No replica confirms what is written: REDIS_WAIT_REPLICAS asks for it.'],
  [/^too few replicas$/, 'Fewer replicas confirm what is written than REDIS_WAIT_REPLICAS asks for.'],
  [/^CLUSTERDOWN$/, 'Not all slots of the Cluster are served: see CLUSTER INFO.'],
  [/^BUSY$/, 'A script takes too long: SCRIPT KILL ends it.'],
  [
    /^OOM$/,
    'Its memory is full: raise maxmemory. Until then nothing can be added; reading, deleting and logging out go on.',
  ],
  [/ALTNAME/, 'Its certificate is for another name: check REDIS_URL, or set REDIS_TLS_SERVERNAME.'],
  [/ALERT/, 'It refuses the connection: check REDIS_TLS_CERT_FILE and REDIS_TLS_KEY_FILE.'],
  [/CERT|ISSUER|LEAF_SIGNATURE/, 'Its certificate is not trusted: check REDIS_TLS_CA_FILE.'],
  [/^ERR_SSL|EPROTO/, 'It does not speak TLS as expected: is it rediss:// or redis:// in REDIS_URL?'],
  [
    /ETIMEDOUT/,
    'Nothing there takes a connection: check REDIS_URL, and whether it speaks TLS (rediss://) or not.',
  ],
];

/**
 * Why a command failed, in a few words for the log: the code of Redis or of the system, or the reason of the client
 * library. The words are the same for every command, because what Redis quotes may come from a client.
 */
export function reasonOf(error: unknown): string {
  if (error instanceof StorageUnavailable) return error.reason;
  if (!(error instanceof Error)) return 'unknown';
  // No node of a Cluster could be reached.
  if ('lastNodeError' in error && error.lastNodeError) return reasonOf(error.lastNodeError);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return reasonIn(code ?? error.message);
}

/** The keys of a command that was rejected because the data has another type; undefined for any other error. */
export function keysOutOfType(error: unknown): string | undefined {
  if (!(error instanceof Error) || !/^WRONGTYPE|value is not an integer/.test(error.message))
    return undefined;
  if (!('command' in error)) return undefined;
  const { name, args } = error.command as { readonly name: string; readonly args: readonly string[] };
  return (name.startsWith('eval') ? args.slice(2, 2 + Number(args[1])) : args.slice(0, 1)).join(' or ');
}

/** What an operator can do, as a sentence; undefined if there is no advice for the reason. */
export function adviceFor(reason: string): string | undefined {
  return advice.find(([known]) => known.test(reason))?.[1];
}

function reasonIn(message: string): string {
  // If several servers failed, the message ends with the error of the last one.
  const [text = '', last] = message.split(/ ?Last error: (?:ReplyError: )?/);
  const reason = last === undefined ? undefined : reasonIn(last);
  if (text.startsWith('All sentinels are unreachable')) {
    if (reason === 'no such master') return reason;
    return reason === undefined ? 'no sentinel answers' : `no sentinel answers: ${reason}`;
  }
  if (reason !== undefined) return reason;
  const phrase = phrases.find(([sentence]) => sentence.test(message))?.[1];
  if (phrase !== undefined) return phrase;
  // `OOM command not allowed`, `connect ECONNREFUSED 127.0.0.1:6379`; but ERR means nothing without its sentence.
  const code = /^(?:[a-z]+ )?(?!ERR\b)([A-Z][A-Z0-9_]{2,})\b/.exec(message)?.[1];
  return code ?? /^[A-Za-z]+(?: [A-Za-z]+){0,6}/.exec(message)?.[0] ?? 'unknown';
}
