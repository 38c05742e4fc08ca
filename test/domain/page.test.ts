import { expect } from 'chai';
import { parseAfter, parsePage } from '../../src/domain/page.js';
import { refusalOfCall } from '../support/refusal.js';

describe('a page', () => {
  it('starts at the beginning if nothing is said', () => {
    expect(parsePage('20', undefined)).to.deep.equal({ limit: 20, after: 0 });
    expect(parseAfter(undefined)).to.equal(0);
  });

  it('starts after an id', () => {
    expect(parsePage('20', '007')).to.deep.equal({ limit: 20, after: 7 });
    expect(parseAfter('007')).to.equal(7);
  });

  it('holds 1 to 1000 items', () => {
    expect(parsePage('1', undefined).limit).to.equal(1);
    expect(parsePage('1000', undefined).limit).to.equal(1000);
    expect(refusalOfCall(() => parsePage('0', undefined))).to.deep.equal({
      limit: [{ code: 'too_small', limit: 1 }],
    });
    expect(refusalOfCall(() => parsePage('1001', undefined))).to.deep.equal({
      limit: [{ code: 'too_large', limit: 1000 }],
    });
  });

  it('starts after any id that there can be', () => {
    expect(parseAfter('0')).to.equal(0);
    expect(parseAfter('9007199254740991')).to.equal(Number.MAX_SAFE_INTEGER);
    expect(refusalOfCall(() => parseAfter('9007199254740992'))).to.deep.equal({
      after: [{ code: 'too_large', limit: Number.MAX_SAFE_INTEGER }],
    });
  });

  it('is told of both fields at once', () => {
    expect(refusalOfCall(() => parsePage('', '-1'))).to.deep.equal({
      limit: [{ code: 'not_whole_number' }],
      after: [{ code: 'not_whole_number' }],
    });
  });
});
