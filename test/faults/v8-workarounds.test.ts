import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { report } from '../support/report.js';

const program = fileURLToPath(new URL('../support/next-tick-cost.js', import.meta.url));

/** Nanoseconds per call of process.nextTick in a new process that has collected garbage: the best of three. */
function costOfNextTick(...args: string[]): number {
  // Without the tests' environment, for V8 optimises nothing while coverage is measured.
  const options = { encoding: 'utf8', env: {} } as const;
  const run = () => Number(execFileSync(process.execPath, ['--expose-gc', program, ...args], options));
  return Math.min(run(), run(), run());
}

// Here and not in test/runtime because it measures time.
describe('keepNextTickFast', () => {
  // Fails as well once a V8 no longer needs the workaround: then it can go.
  it('keeps process.nextTick twice as fast, at least, as it is after a garbage collection without it', () => {
    const [kept, lost] = [costOfNextTick('kept'), costOfNextTick()];
    report(`Node ${process.version}: ${kept.toFixed(0)} ns instead of ${lost.toFixed(0)}`);
    expect(kept).to.be.lessThan(lost / 2);
  });
});
