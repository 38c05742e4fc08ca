import { expect } from 'chai';
import { isFresh } from '../../src/domain/staff.js';
import { aSession } from '../support/builders.js';

describe('isFresh', () => {
  const now = 1_700_000_000;
  const openedAt = (seconds: number) => aSession({ openedAt: now + seconds });

  it('is true in the ten minutes after the sign-in', () => {
    expect(isFresh(openedAt(0), now)).to.equal(true);
    expect(isFresh(openedAt(-599.5), now)).to.equal(true);
    expect(isFresh(openedAt(-600), now)).to.equal(false);
  });

  it('bears a clock that is behind, but no date in the far future', () => {
    expect(isFresh(openedAt(5), now)).to.equal(true);
    expect(isFresh(openedAt(600), now)).to.equal(false);
  });

  it('is false for a session that may have begun with a token of the replaced backend', () => {
    expect(isFresh(openedAt(-10), now, now - 10)).to.equal(true);
    expect(isFresh(openedAt(-11), now, now - 10)).to.equal(false);
  });
});
