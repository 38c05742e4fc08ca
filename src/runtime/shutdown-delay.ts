import { setTimeout } from 'node:timers/promises';

/** The time between SIGTERM and the shutdown, in which connections are still accepted. */
export class ShutdownDelay {
  private readonly skipping = new AbortController();
  private passing = false;

  constructor(public seconds: number) {}

  /** Whether it has begun and is not over. */
  get isPassing(): boolean {
    return this.passing;
  }

  /** Resolves when the time is over or skipped. */
  async pass(): Promise<void> {
    this.passing = this.seconds > 0;
    if (this.passing) {
      await setTimeout(this.seconds * 1000, undefined, { signal: this.skipping.signal }).catch(
        () => undefined,
      );
    }
    this.passing = false;
  }

  /** Ends the time at once. Before it begins, it makes it none. */
  skip(): void {
    this.skipping.abort();
  }
}
