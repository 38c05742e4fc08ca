import { performance } from 'node:perf_hooks';

const width = 30;

/** Milliseconds between two drawings. */
const interval = 100;

/** A bar on standard error, if that is a terminal. */
export class ProgressBar {
  private drawnAt = -Infinity;
  private isVisible = false;

  /** Draws the bar, unless it was drawn just now. Without a fraction from 0 to 1 there is only the text. */
  update(fraction: number | undefined, text: string): void {
    const now = performance.now();
    if (!process.stderr.isTTY || now - this.drawnAt < interval) return;
    this.drawnAt = now;
    this.isVisible = true;
    process.stderr.write(`\r${fraction === undefined ? '' : bar(Math.min(fraction, 1))}${text}\u001b[K`);
  }

  /** Makes room for other text. */
  clear(): void {
    if (this.isVisible) process.stderr.write('\r\u001b[K');
    this.isVisible = false;
  }
}

function bar(fraction: number): string {
  const done = Math.floor(fraction * width);
  return `[${'#'.repeat(done)}${'.'.repeat(width - done)}] ${Math.floor(fraction * 100)} % `;
}
