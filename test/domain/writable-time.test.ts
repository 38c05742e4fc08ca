import { expect } from 'chai';
import { writableTime } from '../../src/domain/writable-time.js';

describe('writableTime', () => {
  for (const [seconds, text] of [
    [1_700_000_000.25, '2023-11-14T22:13:20.250Z'],
    [-1, '1969-12-31T23:59:59.000Z'],
    [1e15, '9999-12-31T23:59:59.000Z'],
    [-1e15, '0000-01-01T00:00:00.000Z'],
  ] as const) {
    it(`is ${text} after ${seconds} seconds`, () => {
      expect(new Date(writableTime(seconds)).toISOString()).to.equal(text);
    });
  }
});
