import type { Clock } from '../../application/ports/environment.js';

/** A map of what is good for a time. What has expired is dropped now and then, so that it is never most of the map for long. */
export class ExpiringMap<T> {
  private readonly entries = new Map<string, { readonly value: T; readonly expiresAt: number }>();
  private sizeToSweepAt = 1000;

  constructor(private readonly clock: Clock) {}

  /** How many entries are kept, expired ones that are not dropped yet included. */
  get size(): number {
    return this.entries.size;
  }

  get(key: string): T | undefined {
    const entry = this.entries.get(key);
    return entry && this.clock() < entry.expiresAt ? entry.value : undefined;
  }

  /** Keeps the value for so many seconds. */
  set(key: string, value: T, lifetime: number): void {
    if (this.entries.size >= this.sizeToSweepAt) this.sweep();
    this.entries.set(key, { value, expiresAt: this.clock() + lifetime });
  }

  /** Puts another value in the place of the one that is there, if there is one, for as long as that would have been kept. */
  change(key: string, to: (value: T) => T): void {
    const entry = this.entries.get(key);
    if (entry) this.entries.set(key, { ...entry, value: to(entry.value) });
  }

  delete(key: string): void {
    this.entries.delete(key);
  }

  // Each time as many have come as were left the last time: however large the map is, an entry costs no more.
  private sweep(): void {
    const now = this.clock();
    for (const [key, { expiresAt }] of this.entries) if (expiresAt <= now) this.entries.delete(key);
    this.sizeToSweepAt = Math.max(1000, 2 * this.entries.size);
  }
}
