import type { Clock } from '../application/ports/environment.js';

/** A clock that stands still until it is moved. It starts at the present time, as a storage may have a clock of its own. */
export class SettableClock {
  private time = Math.floor(Date.now() / 1000);

  readonly now: Clock = () => this.time;

  /** `seconds` may have a fraction. */
  advance(seconds: number): void {
    this.time += seconds;
  }
}
