import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { report } from '../support/report.js';

const program = fileURLToPath(new URL('../support/next-tick-cost.js', import.meta.url));

/** Nanoseconds per call of process.nextTick in a new process that has collected garbage. */
function costOfNextTick(...args: string[]): number {
  return Number(execFileSync(process.execPath, ['--expose-gc', program, ...args], { encoding: 'utf8' }));
}

describe('keepNextTickFast', () => {
  // Fails as well once a V8 no longer needs the workaround: then it can go.
  it('keeps process.nextTick twice as fast, at least, as it is after a garbage collection without it', () => {
    const [kept, lost] = [costOfNextTick('kept'), costOfNextTick()];
    report(`Node ${process.version}: ${kept.toFixed(0)} ns instead of ${lost.toFixed(0)}`);
    expect(kept).to.be.lessThan(lost / 2);
  });
});
