import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { performance } from 'node:perf_hooks';
import type { HashAssessment, PasswordHasher, Requester } from '../../application/ports/password-hasher.js';
import { PortError } from '../../application/ports/port-error.js';
import { networksOf } from '../../domain/client-network.js';
import { noPassword, normalisePassword } from '../../domain/user.js';
import type { HashingThreads } from './hashing-threads.js';
import { parseDjangoHash } from './django-hash.js';
import { FairQueue, type Waiting } from './fair-queue.js';

/** Marks how the password is prepared for bcrypt, in case that ever changes. */
const scheme = 'bcrypt-sha256';

/** Seconds that one hash takes at a cost of 12 on an ordinary core. Each step of the cost doubles it. */
const secondsAtCost12 = 0.25;

/** Work in the queue. */
interface WaitingWork extends Waiting {
  start(): void;
  reject(): void;
}

const operator: Waiting = { networks: ['operator'], isTrusted: true };

/**
 * Hashes with bcrypt over base64(SHA-256) of the NFC-normalised password, because bcrypt ignores everything after byte
 * 72. The stored hash is `bcrypt-sha256$`, followed by bcrypt's own text. Hashes of Django are verified, too; how long
 * that takes is up to them.
 */
export class BcryptPasswordHasher implements PasswordHasher {
  // Leaves one core to requests that hash nothing.
  private readonly concurrency = Math.max(1, availableParallelism() - 1);
  private running = 0;
  private readonly queue: FairQueue<WaitingWork>;

  /**
   * `cost` is the cost of bcrypt, the binary logarithm of its rounds. `queueTime` bounds the queue: no more work is
   * queued than can start within about so many seconds. Clients and proxies give up not much later, so that the work
   * would be wasted. `observeWait` gets the seconds that work has waited when it starts.
   */
  constructor(
    private readonly cost: number,
    private readonly threads: HashingThreads,
    queueTime = 10,
    private readonly observeWait: (seconds: number) => void = () => undefined,
  ) {
    const secondsPerHash = secondsAtCost12 * 2 ** (cost - 12);
    this.queue = new FairQueue(this.concurrency * Math.ceil(queueTime / secondsPerHash));
  }

  /** How much work waits in the queue. */
  get waiting(): number {
    return this.queue.size;
  }

  async hash(password: string, requester?: Requester): Promise<string> {
    const hash = () => this.threads.hash(prepare(password), this.cost);
    return `${scheme}$${await this.enqueue(hash, requester)}`;
  }

  async verify(password: string, hash?: string, requester?: Requester): Promise<boolean> {
    if (hash !== undefined && typeof parseDjangoHash(hash) === 'function') {
      return this.enqueue(() => this.threads.compare(password, hash), requester);
    }
    const [, bcryptHash = dummyHash(this.cost)] = hash?.split(`${scheme}$`) ?? [];
    const prepared = prepare(password);
    return this.enqueue(async () => {
      const matches = await this.threads.compare(prepared, bcryptHash);
      // A hash of a lower cost is compared faster. Dummy hashes add the missing work, against timing attacks: each step
      // of the cost doubles the work, so one hash of its own cost and one of each cost between make up the
      // difference.
      for (let cost = costOf(bcryptHash); cost < this.cost; cost++) {
        await this.threads.compare(prepared, dummyHash(cost));
      }
      return matches;
    }, requester);
  }

  assess(hash: string): HashAssessment {
    if (hash === noPassword || hash.startsWith(`${scheme}$`)) return 'usable';
    const verify = parseDjangoHash(hash);
    return typeof verify === 'function' ? 'usable' : (verify ?? 'unknown');
  }

  isOutdated(hash: string): boolean {
    return !hash.startsWith(`${scheme}$${prefixOf(this.cost)}`);
  }

  private async enqueue<T>(work: () => Promise<T>, requester: Requester | undefined): Promise<T> {
    await this.waitForTurn(requester);
    try {
      return await work();
    } finally {
      this.running--;
      this.startNext();
    }
  }

  /** Resolves when the requester's work may start. Rejects with 'overloaded' if it is dropped from the queue. */
  private waitForTurn(requester: Requester | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const arrivedAt = performance.now();
      const waiting: WaitingWork = {
        ...(requester ? placeOf(requester) : operator),
        start: () => {
          stopListening?.();
          this.observeWait((performance.now() - arrivedAt) / 1000);
          resolve();
        },
        reject() {
          stopListening?.();
          reject(new PortError('overloaded'));
        },
      };
      const stopListening = requester?.client.onDisconnect(() => {
        this.queue.remove(waiting);
        waiting.reject();
      });
      this.queue.add(waiting)?.reject();
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

/** The dummy hash: it is well-formed, so that bcrypt does all its work, and no password matches it. */
function dummyHash(cost: number): string {
  return prefixOf(cost) + '.'.repeat(53);
}

function prefixOf(cost: number): string {
  return `$2b$${String(cost).padStart(2, '0')}$`;
}

function costOf(bcryptHash: string): number {
  return Number(bcryptHash.slice(4, 6));
}
