import { expect } from 'chai';
import type { Ending } from './server-process.js';

/** Expects that the process ended with this code and one line on standard error, without a stack or other output. */
export function expectRejection(
  { code, stdout, stderr }: Ending,
  expectedCode: number,
  sentence: RegExp,
): void {
  const [line = '', ...more] = stderr.split('\n');
  expect(line).to.match(/^hexado: /);
  expect(line.replace('hexado: ', '')).to.match(sentence);
  expect(more).to.deep.equal(['']);
  expect(stdout).to.equal('');
  expect(code).to.equal(expectedCode);
}
