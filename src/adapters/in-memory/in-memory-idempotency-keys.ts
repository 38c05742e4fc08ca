import type { Clock } from '../../application/ports/environment.js';
import type { IdempotencyKey } from '../../application/ports/task-repository.js';
import { DomainError } from '../../domain/errors.js';

/** Seconds for which a key is remembered. */
const lifetime = 86_400;

interface KnownKey {
  readonly ownerId: number;
  readonly fingerprint: string;
  readonly taskId: number;
  readonly expiresAt: number;
}

/** Remembers which task was created with which idempotency key. */
export class InMemoryIdempotencyKeys {
  // In the order in which they were added, which is also the order in which they expire.
  private readonly keys = new Map<string, KnownKey>();
  private readonly countByOwner = new Map<number, number>();

  constructor(private readonly clock: Clock) {}

  /** How many are remembered, including expired ones that are not dropped yet. */
  get size(): number {
    return this.keys.size;
  }

  /** The id of the task that was created with the key, if there is one; throws 'idempotency_key_reused'. */
  find(ownerId: number, { key, fingerprint }: IdempotencyKey): number | undefined {
    this.dropExpired();
    const known = this.keys.get(`${ownerId} ${key}`);
    if (known && known.fingerprint !== fingerprint) throw new DomainError('idempotency_key_reused');
    return known?.taskId;
  }

  /** How many keys of the owner are remembered. */
  countOf(ownerId: number): number {
    return this.countByOwner.get(ownerId) ?? 0;
  }

  add(ownerId: number, { key, fingerprint }: IdempotencyKey, taskId: number): void {
    const expiresAt = this.clock() + lifetime;
    this.keys.set(`${ownerId} ${key}`, { ownerId, fingerprint, taskId, expiresAt });
    this.countByOwner.set(ownerId, this.countOf(ownerId) + 1);
  }

  private dropExpired(): void {
    const now = this.clock();
    for (const [name, { ownerId, expiresAt }] of this.keys) {
      if (now < expiresAt) return;
      this.keys.delete(name);
      const left = this.countOf(ownerId) - 1;
      if (left > 0) this.countByOwner.set(ownerId, left);
      else this.countByOwner.delete(ownerId);
    }
  }
}
