import { expect } from 'chai';
import type { Ending } from './server-process.js';

/** The process has ended with this code and one line on the standard error, without a stack, and has printed nothing else. */
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
