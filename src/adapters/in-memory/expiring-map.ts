import type { Clock } from '../../application/ports/environment.js';

/**
 * A map whose entries expire. Expired entries are swept from time to time, so that they never fill most of the map for
 * long.
 */
export class ExpiringMap<T> {
  private readonly entries = new Map<string, { readonly value: T; readonly expiresAt: number }>();
  private sizeToSweepAt = 1000;

  constructor(private readonly clock: Clock) {}

  /** How many entries are kept, including expired ones that are not swept yet. */
  get size(): number {
    return this.entries.size;
  }

  get(key: string): T | undefined {
    const entry = this.entries.get(key);
    return entry && this.clock() < entry.expiresAt ? entry.value : undefined;
  }

  /** The entries that have not expired. */
  list(): readonly (readonly [key: string, value: T])[] {
    const now = this.clock();
    return [...this.entries].flatMap(([key, { value, expiresAt }]) =>
      now < expiresAt ? [[key, value]] : [],
    );
  }

  /** Keeps the value for `lifetime` seconds. */
  set(key: string, value: T, lifetime: number): void {
    if (this.entries.size >= this.sizeToSweepAt) this.sweep();
    this.entries.set(key, { value, expiresAt: this.clock() + lifetime });
  }

  /** Replaces the value of the key, if there is one. It expires when the old value would have expired. */
  change(key: string, to: (value: T) => T): void {
    const entry = this.entries.get(key);
    if (entry) this.entries.set(key, { ...entry, value: to(entry.value) });
  }

  delete(key: string): void {
    this.entries.delete(key);
  }

  // Runs when the map has doubled since the last sweep, so that the cost per entry is constant, however large the map
  // is.
  private sweep(): void {
    const now = this.clock();
    for (const [key, { expiresAt }] of this.entries) if (expiresAt <= now) this.entries.delete(key);
    this.sizeToSweepAt = Math.max(1000, 2 * this.entries.size);
  }
}
