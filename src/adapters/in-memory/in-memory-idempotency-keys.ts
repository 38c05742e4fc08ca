import type { Clock } from '../../application/ports/environment.js';
import type { IdempotencyKey } from '../../application/ports/task-repository.js';
import { DomainError } from '../../domain/errors.js';

/** Seconds for which a request is remembered. */
const lifetime = 86_400;

interface KnownKey {
  readonly ownerId: number;
  readonly fingerprint: string;
  readonly taskId: number;
  readonly expiresAt: number;
}

/** The tasks that requests with an idempotency key have created. */
export class InMemoryIdempotencyKeys {
  // In the order in which they came, which is also that in which they expire.
  private readonly requests = new Map<string, KnownKey>();
  private readonly countByOwner = new Map<number, number>();

  constructor(private readonly clock: Clock) {}

  /** How many are remembered, expired ones that are not dropped yet included. */
  get size(): number {
    return this.requests.size;
  }

  /** The id of the task that the request has created, if it has; throws 'idempotency_key_reused'. */
  find(ownerId: number, { key, fingerprint }: IdempotencyKey): number | undefined {
    this.dropExpired();
    const known = this.requests.get(`${ownerId} ${key}`);
    if (known && known.fingerprint !== fingerprint) throw new DomainError('idempotency_key_reused');
    return known?.taskId;
  }

  /** How many requests of the owner are remembered. */
  countOf(ownerId: number): number {
    return this.countByOwner.get(ownerId) ?? 0;
  }

  add(ownerId: number, { key, fingerprint }: IdempotencyKey, taskId: number): void {
    const expiresAt = this.clock() + lifetime;
    this.requests.set(`${ownerId} ${key}`, { ownerId, fingerprint, taskId, expiresAt });
    this.countByOwner.set(ownerId, this.countOf(ownerId) + 1);
  }

  private dropExpired(): void {
    const now = this.clock();
    for (const [name, { ownerId, expiresAt }] of this.requests) {
      if (now < expiresAt) return;
      this.requests.delete(name);
      const left = this.countOf(ownerId) - 1;
      if (left > 0) this.countByOwner.set(ownerId, left);
      else this.countByOwner.delete(ownerId);
    }
  }
}
