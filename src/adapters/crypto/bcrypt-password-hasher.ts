import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import type { PasswordHasher, Requester } from '../../application/ports/password-hasher.js';
import { PortError } from '../../application/ports/port-error.js';
import { networksOf } from '../../domain/client-network.js';
import { normalisePassword } from '../../domain/user.js';
import type { BcryptThreads } from './bcrypt-threads.js';
import { FairQueue, type Waiting } from './fair-queue.js';

/** Marks how the password was prepared before bcrypt saw it, in case that ever changes. */
const scheme = 'bcrypt-sha256';

/** Seconds that one hash takes at a cost of 12 on an ordinary core; each step of the cost doubles it. */
const secondsAtCost12 = 0.25;

/** Work that waits for its turn. */
interface WaitingWork extends Waiting {
  start(): void;
  refuse(): void;
}

const operator: Waiting = { networks: ['operator'], isTrusted: true };

/**
 * bcrypt over base64(SHA-256) of the NFC-normalised password: bcrypt alone ignores all after the 72nd byte.
 * Stored as `bcrypt-sha256$` and bcrypt's own text.
 */
export class BcryptPasswordHasher implements PasswordHasher {
  // Leaves a core to the requests that hash nothing.
  private readonly concurrency = Math.max(1, availableParallelism() - 1);
  private running = 0;
  private readonly queue: FairQueue<WaitingWork>;

  /**
   * `cost` is bcrypt's, the binary logarithm of its rounds. No more may wait than have their turn within about so many
   * seconds of `patience`: clients and proxies give up not much later, and the work would be in vain.
   */
  constructor(
    private readonly cost: number,
    private readonly threads: BcryptThreads,
    patience = 10,
  ) {
    const secondsPerHash = secondsAtCost12 * 2 ** (cost - 12);
    this.queue = new FairQueue(this.concurrency * Math.ceil(patience / secondsPerHash));
  }

  async hash(password: string, requester?: Requester): Promise<string> {
    const hash = () => this.threads.hash(prepare(password), this.cost);
    return `${scheme}$${await this.enqueue(hash, requester)}`;
  }

  async verify(password: string, hash?: string, requester?: Requester): Promise<boolean> {
    const [, bcryptHash = ''] = hash?.split(`${scheme}$`) ?? ['', dummyHash(this.cost)];
    const prepared = prepare(password);
    return this.enqueue(async () => {
      const matches = await this.threads.compare(prepared, bcryptHash);
      // A hash of a lower cost leaves work undone: as each step doubles it, that of its own cost and of each above it.
      for (let cost = costOf(bcryptHash); cost < this.cost; cost++) {
        await this.threads.compare(prepared, dummyHash(cost));
      }
      return matches;
    }, requester);
  }

  isOutdated(hash: string): boolean {
    return !hash.startsWith(`${scheme}$${prefixOf(this.cost)}`);
  }

  private async enqueue<T>(work: () => Promise<T>, requester: Requester | undefined): Promise<T> {
    await this.turn(requester);
    try {
      return await work();
    } finally {
      this.running--;
      this.startNext();
    }
  }

  /** Resolves when the requester's work may start; rejected with 'overloaded' if it has to leave the queue. */
  private turn(requester: Requester | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting: WaitingWork = {
        ...(requester ? placeOf(requester) : operator),
        start() {
          stopListening?.();
          resolve();
        },
        refuse() {
          stopListening?.();
          reject(new PortError('overloaded'));
        },
      };
      const stopListening = requester?.client.onDisconnect(() => {
        this.queue.remove(waiting);
        waiting.refuse();
      });
      this.queue.add(waiting)?.refuse();
      this.startNext();
    });
  }

  private startNext(): void {
    if (this.running === this.concurrency) return;
    const next = this.queue.next();
    if (!next) return;
    this.running++;
    next.start();
  }
}

function placeOf({ client, isTrusted }: Requester): Waiting {
  return { networks: networksOf(client.address), isTrusted };
}

function prepare(password: string): string {
  return createHash('sha256').update(normalisePassword(password)).digest('base64');
}

/** Well-formed, so that bcrypt does all of its work, and the hash of no password. */
function dummyHash(cost: number): string {
  return prefixOf(cost) + '.'.repeat(53);
}

function prefixOf(cost: number): string {
  return `$2b$${String(cost).padStart(2, '0')}$`;
}

function costOf(bcryptHash: string): number {
  return Number(bcryptHash.slice(4, 6));
}
