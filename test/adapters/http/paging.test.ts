import { expect } from 'chai';
import { parsePaging, type Paging } from '../../../src/adapters/http/request/paging.js';

/** What is read from a query string of these parameters. */
function paging(limit?: string, after?: string, offset?: string): Paging {
  const given = Object.entries({ limit, after, offset }).filter(([, value]) => value !== undefined);
  return parsePaging(given.map(([name, value = '']) => `${name}=${encodeURIComponent(value)}`).join('&'));
}

const everything = { after: 0, offset: undefined, limit: undefined };

describe('what a client asks for of a list', () => {
  it('is everything if it says nothing', () => {
    expect(paging(undefined, undefined, undefined)).to.deep.equal(everything);
  });

  it('is what comes after an id', () => {
    expect(paging(undefined, '7', undefined)).to.deep.equal({ ...everything, after: 7 });
    expect(paging('20', '7', undefined)).to.deep.equal({ after: 7, offset: undefined, limit: 20 });
  });

  it('is a page of 1 to 1000 items, and everything for any other limit', () => {
    for (const limit of [1, 2, 999, 1000]) expect(paging(`${limit}`, '', '').limit).to.equal(limit);
    for (const limit of ['0', '000', '1001', '9'.repeat(400)])
      expect(paging(limit, undefined, undefined)).to.deep.equal(everything);
  });

  it('is a page that begins at an offset from an id', () => {
    expect(paging('5', '7', '10')).to.deep.equal({ after: 7, offset: 10, limit: 5 });
    expect(paging('5', undefined, '0')).to.deep.equal({ after: 0, offset: 0, limit: 5 });
  });

  it('has no offset without a limit', () => {
    for (const limit of [undefined, '', '0', '1001'])
      expect(paging(limit, '7', '10')).to.deep.equal({ ...everything, after: 7 });
  });

  for (const text of ['7', '007', '+7', ' 7', '7 ', ' +7\n', '\u30007']) {
    it(`may be the number 7 written as ${JSON.stringify(text)}`, () => {
      expect(paging(text, text, text)).to.deep.equal({ after: 7, offset: 7, limit: 7 });
    });
  }

  for (const text of [
    '',
    ' ',
    '-1',
    '+',
    '++1',
    '1.0',
    '1e0',
    '0x1',
    '1 2',
    'one',
    'NaN',
    'Infinity',
    '\u0967',
  ]) {
    it(`takes ${JSON.stringify(text)} for no number`, () => {
      expect(paging(text, text, text)).to.deep.equal(everything);
      expect(paging('5', text, text)).to.deep.equal({ ...everything, limit: 5 });
    });
  }

  it('may start after an id, or at an offset, that no list reaches', () => {
    const huge = '9'.repeat(400);
    const most = Number.MAX_SAFE_INTEGER;
    expect(paging('5', huge, huge)).to.deep.equal({ after: most, offset: most, limit: 5 });
  });

  it('is read in linear time', () => {
    for (const text of ['1'.repeat(1_000_000), ' '.repeat(1_000_000), `${'1'.repeat(1_000_000)}x`])
      paging(text, text, text);
  });
});
