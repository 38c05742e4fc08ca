import { atEndOfTurn } from './end-of-turn.js';
import { createScript, type Script } from './script.js';

/** The most reads in one script: nobody else is served while it runs. */
const maxReads = 100;

/** KEYS one per read; ARGV per read: how many words follow, the command, and its arguments after the key. */
const readAll = createScript(
  1,
  `
  local replies, at = {}, 1
  for i, key in ipairs(KEYS) do
    local last = at + ARGV[at]
    local reply = redis.pcall(ARGV[at + 1], key, unpack(ARGV, at + 2, last))
    if type(reply) == 'table' and not reply.err then reply = table.concat(reply, '\\0') end
    replies[i], at = reply, last + 1
  end
  return replies`,
);

type Words = readonly (string | number)[];

interface Read {
  readonly key: string;
  /** The command, and its arguments after the key. */
  readonly words: Words;
  readonly resolve: (reply: string | null) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Sends what all requests of one turn of the event loop want to read as one script, because a command of its own costs
 * the client more than the read. On a Cluster, where a script may touch one slot only, it is one per hash tag.
 */
export class ReadsOfATurn {
  private readonly waiting = new Map<string, Read[]>();

  constructor(
    private readonly execute: (script: Script, args: Words) => Promise<unknown>,
    private readonly isCluster: boolean,
    /** What a read that failed is rejected with. */
    private readonly failure: (error: unknown) => Error,
  ) {}

  /** The reply of a command that reads one key; the items of an array come joined by U+0000. */
  read(command: string, key: string, ...args: Words): Promise<string | null> {
    return new Promise((resolve, reject) => {
      const slot = this.isCluster ? key.slice(0, key.indexOf('}')) : '';
      if (this.waiting.size === 0) atEndOfTurn(() => this.sendAll());
      let reads = this.waiting.get(slot);
      if (!reads) this.waiting.set(slot, (reads = []));
      reads.push({ key, words: [command, ...args], resolve, reject });
    });
  }

  private sendAll(): void {
    for (const reads of this.waiting.values()) {
      for (let i = 0; i < reads.length; i += maxReads) void this.send(reads.slice(i, i + maxReads));
    }
    this.waiting.clear();
  }

  private async send(reads: readonly Read[]): Promise<void> {
    const args: (string | number)[] = [];
    for (const { key } of reads) args.push(key);
    for (const { words } of reads) args.push(words.length, ...words);
    try {
      const script = { ...readAll, numberOfKeys: reads.length };
      const replies = (await this.execute(script, args)) as (string | null | Error)[];
      for (const [index, read] of reads.entries()) {
        const reply = replies[index] ?? null;
        // One key that holds something else must not fail what others read.
        if (reply instanceof Error) read.reject(this.failure(reply));
        else read.resolve(reply);
      }
    } catch (error) {
      for (const read of reads) read.reject(this.failure(error));
    }
  }
}
