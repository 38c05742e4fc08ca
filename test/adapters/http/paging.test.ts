import { expect } from 'chai';
import { parsePaging, type Paging } from '../../../src/adapters/http/request/paging.js';

/** Parses a query string of these parameters. */
function paging(limit?: string, after?: string, offset?: string): Paging {
  const given = Object.entries({ limit, after, offset }).filter(([, value]) => value !== undefined);
  return parsePaging(given.map(([name, value = '']) => `${name}=${encodeURIComponent(value)}`).join('&'));
}

const everything = { after: 0, offset: undefined, limit: undefined };

describe('paging parameters', () => {
  it('an empty query asks for the whole list', () => {
    expect(paging(undefined, undefined, undefined)).to.deep.equal(everything);
  });

  it('`after` asks for the items after an id', () => {
    expect(paging(undefined, '7', undefined)).to.deep.equal({ ...everything, after: 7 });
    expect(paging('20', '7', undefined)).to.deep.equal({ after: 7, offset: undefined, limit: 20 });
  });

  it('a limit from 1 to 1000 asks for a page, any other for the whole list', () => {
    for (const limit of [1, 2, 999, 1000]) expect(paging(`${limit}`, '', '').limit).to.equal(limit);
    for (const limit of ['0', '000', '1001', '9'.repeat(400)])
      expect(paging(limit, undefined, undefined)).to.deep.equal(everything);
  });

  it('`offset` skips items after an id', () => {
    expect(paging('5', '7', '10')).to.deep.equal({ after: 7, offset: 10, limit: 5 });
    expect(paging('5', undefined, '0')).to.deep.equal({ after: 0, offset: 0, limit: 5 });
  });

  it('an offset without a limit is ignored', () => {
    for (const limit of [undefined, '', '0', '1001'])
      expect(paging(limit, '7', '10')).to.deep.equal({ ...everything, after: 7 });
  });

  for (const text of ['7', '007', '+7', ' 7', '7 ', ' +7\n', '\u30007']) {
    it(`reads ${JSON.stringify(text)} as the number 7`, () => {
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
    it(`ignores ${JSON.stringify(text)}, which is not a whole number`, () => {
      expect(paging(text, text, text)).to.deep.equal(everything);
      expect(paging('5', text, text)).to.deep.equal({ ...everything, limit: 5 });
    });
  }

  it('accepts an id and an offset beyond the end of any list', () => {
    const huge = '9'.repeat(400);
    const most = Number.MAX_SAFE_INTEGER;
    expect(paging('5', huge, huge)).to.deep.equal({ after: most, offset: most, limit: 5 });
  });

  it('parses a query in linear time (no ReDoS)', () => {
    for (const text of ['1'.repeat(1_000_000), ' '.repeat(1_000_000), `${'1'.repeat(1_000_000)}x`])
      paging(text, text, text);
  });
});
