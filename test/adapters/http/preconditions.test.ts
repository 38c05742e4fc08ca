import { expect } from 'chai';
import type { Context } from '../../../src/adapters/http/context.js';
import { ifMatch, ifNoneMatch } from '../../../src/adapters/http/request/preconditions.js';
import { entityTag, listTag } from '../../../src/adapters/http/response/entity-tag.js';

const requestWith = (headers: Readonly<Record<string, string>>) =>
  ({ req: { headers } }) as unknown as Context;
const strongly = (header: string, tag: string) => ifMatch(requestWith({ 'if-match': header }))?.(tag);
const weakly = (header: string, tag: string) => ifNoneMatch(requestWith({ 'if-none-match': header }))?.(tag);

describe('preconditions', () => {
  it('there are none without a header', () => {
    expect(ifMatch(requestWith({ 'if-none-match': '"a"' }))).to.equal(undefined);
    expect(ifNoneMatch(requestWith({ 'if-match': '"a"' }))).to.equal(undefined);
  });

  for (const header of [
    '"a"',
    ' "a" ',
    '"b", "a"',
    '"b","a","c"',
    ',, "b" ,\t, "a" ,',
    '"b,c", "a"',
    '"W/", "a"',
    '"", "a"',
    '"a", W/"a"',
  ]) {
    it(`finds the entity tag "a" in ${header}`, () => {
      expect([strongly(header, '"a"'), weakly(header, '"a"')]).to.deep.equal([true, true]);
    });
  }

  for (const header of [
    '"b"',
    '"A"',
    '""',
    '"b, a"',
    '',
    ',',
    'a',
    '"a',
    'a"',
    '"a" "b"',
    '"b" "a"',
    '"a"; "b"',
    '"a", b',
    '*, "a"',
    '"a", *',
    '"*"',
    '* *',
    "'a'",
    'w/"a"',
    'W/ "a"',
    'W"a"',
    '"a b", "a"',
    '"b"\u00a0, "a"',
  ]) {
    it(`finds no entity tag "a" in ${header === '' ? 'an empty header' : header}`, () => {
      expect([strongly(header, '"a"'), weakly(header, '"a"')]).to.deep.equal([false, false]);
    });
  }

  it('If-Match compares strongly, If-None-Match weakly', () => {
    expect([strongly('W/"a"', '"a"'), weakly('W/"a"', '"a"')]).to.deep.equal([false, true]);
    expect([strongly('"a"', 'W/"a"'), weakly('"a"', 'W/"a"')]).to.deep.equal([false, true]);
    expect(weakly('W/"a"', 'W/"a"')).to.equal(true);
  });

  it('a star is no condition of If-Match, and matches every tag of If-None-Match', () => {
    for (const star of ['*', ' *\t']) {
      expect(ifMatch(requestWith({ 'if-match': star }))).to.equal(undefined);
      expect(weakly(star, '"a"')).to.equal(true);
    }
  });

  it('parses a header in linear time (no ReDoS)', () => {
    for (const part of ['"', '"a"', '"a",', '"a" ', ', ', ' ', 'W/', 'W/"', '"a" , '])
      for (const end of ['', 'x', '"']) {
        const header = part.repeat(100_000) + end;
        strongly(header, '"b"');
        weakly(header, '"b"');
      }
  });
});

describe('entity tags', () => {
  it('of a text differ with every change of it, and are strong', () => {
    expect(entityTag('{"id":1}')).to.match(/^"[\w-]{22}"$/);
    const texts = ['', ' ', 'a', 'A', 'a ', 'ä', 'a\u0308', '\u{1f600}', 'a'.repeat(1000), 'a'.repeat(1001)];
    expect(new Set(texts.map(entityTag))).to.have.property('size', texts.length);
    expect(texts.map(entityTag)).to.deep.equal(texts.map(entityTag));
  });

  it('of lists differ between users and revisions, and are weak', () => {
    expect(listTag(7, 1_764_212_345_678)).to.equal('W/"7-1764212345678"');
    expect(new Set([listTag(1, 11), listTag(11, 1), listTag(1, 1)])).to.have.property('size', 3);
  });
});
