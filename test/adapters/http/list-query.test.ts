import { expect } from 'chai';
import { parseListQuery, type RequestedList } from '../../../src/adapters/http/request/list-query.js';

/** Parses a query string of these parameters. */
function parse(parameters: Readonly<Record<string, string | undefined>>): RequestedList {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined);
  return parseListQuery(given.map(([name, value = '']) => `${name}=${encodeURIComponent(value)}`).join('&'));
}

/** The page that a query asks for, and nothing else of it. */
function paging(limit?: string, after?: string, offset?: string): object {
  const { selection: _, count: __, ...page } = parse({ limit, after, offset });
  return page;
}

const everything = { after: 0, offset: undefined, limit: Infinity };

describe('paging parameters', () => {
  it('an empty query asks for the whole list', () => {
    expect(paging(undefined, undefined, undefined)).to.deep.equal(everything);
  });

  it('`after` asks for the items after an id', () => {
    expect(paging(undefined, '7', undefined)).to.deep.equal({ ...everything, after: 7 });
    expect(paging('20', '7', undefined)).to.deep.equal({ after: 7, offset: undefined, limit: 20 });
  });

  it('a limit from 1 to 1000 asks for a page, any other for the whole list', () => {
    for (const limit of [1, 2, 999, 1000]) expect(paging(`${limit}`, '', '')).to.include({ limit });
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

const byId = { by: 'id', descending: false };

const selectionOf = (parameters: Readonly<Record<string, string>>) => parse(parameters).selection;
const statusesOf = (status: string) => selectionOf({ status })?.statuses;
const searchOf = (search: string) => selectionOf({ search })?.search;

describe('filters and orders of a list', () => {
  it('a query without filters and order selects nothing in particular', () => {
    for (const parameters of [
      {},
      { limit: '5', after: '7' },
      { ordering: 'id' },
      { q: 'x', Status: 'pending' },
    ])
      expect(selectionOf(parameters)).to.equal(undefined);
  });

  it('`status` takes one or more statuses, without those that do not exist', () => {
    expect(selectionOf({ status: 'completed' })).to.deep.equal({
      statuses: ['completed'],
      search: undefined,
      order: byId,
    });
    for (const status of ['completed,pending', ' pending , completed', 'pending,done,,completed,pending'])
      expect(statusesOf(status)).to.deep.equal(['pending', 'completed']);
    expect(statusesOf('in-progress')).to.deep.equal(['in-progress']);
  });

  it('`status` without a status that exists is no filter', () => {
    for (const status of ['', ',', 'done', 'Pending', 'pending completed', '__proto__', 'pending;completed'])
      expect(selectionOf({ status })).to.equal(undefined);
  });

  it('`search` is trimmed and lower-cased', () => {
    expect(selectionOf({ search: '\t Buy MILK\u3000' })).to.deep.equal({
      statuses: undefined,
      search: 'buy milk',
      order: byId,
    });
    expect(searchOf('É 100% +&=')).to.equal('é 100% +&=');
  });

  it('`search` without a text, or with one of more than 250 UTF-16 code units, is no filter', () => {
    for (const search of ['', ' ', '\u3000', 'x'.repeat(251), '\u{1f600}'.repeat(126), 'İ'.repeat(126)])
      expect(selectionOf({ search })).to.equal(undefined);
    for (const search of ['x'.repeat(250), '\u{1f600}'.repeat(125)])
      expect(searchOf(search)).to.equal(search);
  });

  for (const [ordering, order] of [
    ['-id', { by: 'id', descending: true }],
    ['title', { by: 'title', descending: false }],
    ['-title', { by: 'title', descending: true }],
    ['status', { by: 'status', descending: false }],
    [' -status ', { by: 'status', descending: true }],
  ] as const) {
    it(`\`ordering=${ordering}\` asks for that order`, () => {
      expect(selectionOf({ ordering })).to.deep.equal({ statuses: undefined, search: undefined, order });
    });
  }

  it('an order that does not exist is no order', () => {
    for (const ordering of ['', 'Title', '--id', '- id', 'title,id', 'description', 'constructor'])
      expect(selectionOf({ ordering })).to.equal(undefined);
  });

  it('the last value of a repeated parameter counts', () => {
    const query = 'status=pending&ordering=title&search=a&status=done&ordering=-id&search=b&status=completed';
    expect(parseListQuery(query).selection).to.deep.equal({
      statuses: ['completed'],
      search: 'b',
      order: { by: 'id', descending: true },
    });
    expect(parseListQuery('status=pending&status=done').selection).to.equal(undefined);
  });

  it('`after` counts only in an order by id; the others are paged by offset', () => {
    const page = { limit: '5', after: '7' };
    expect(parse({ ...page, ordering: '-id' })).to.include({ after: 7, offset: undefined });
    for (const ordering of ['title', '-title', 'status', '-status']) {
      expect(parse({ ...page, ordering })).to.include({ after: 0, offset: 0 });
      expect(parse({ ...page, ordering, offset: '5' })).to.include({ after: 0, offset: 5 });
      expect(parse({ after: '7', ordering })).to.include({ after: 0, offset: undefined, limit: Infinity });
    }
  });

  it('counts tasks for a limit and for a filter', () => {
    for (const parameters of [{ limit: '5' }, { status: 'pending' }, { search: 'x' }])
      expect(parse(parameters).count).to.equal(true);
    for (const parameters of [{}, { limit: '0' }, { status: 'done' }, { search: '' }, { ordering: 'title' }])
      expect(parse(parameters).count).to.equal(false);
  });

  it('parses filters in linear time (no ReDoS)', () => {
    for (const text of [' ', ',', 'pending,', 'x', '-', 'İ']) {
      const long = text.repeat(500_000);
      parse({ status: long, search: long, ordering: long });
    }
  });
});
