import { expect } from 'chai';
import * as fc from 'fast-check';
import {
  accessClaims,
  isUnexpired,
  nextGeneration,
  openSession,
  refreshClaims,
  rotate,
} from '../../src/domain/session.js';
import { aGeneration, aPolicy, aSession } from '../support/builders.js';

const owner = { id: 'session', userId: 7, refreshId: 'first' };
const next = aGeneration({ id: 'next', issuedAt: 1500, expiresAt: 2500 });

describe('a session', () => {
  describe('when it opens', () => {
    it('has one refresh token, and whole seconds everywhere', () => {
      const policy = aPolicy({ refreshLifetime: 100 });
      expect(openSession(owner, 1000.9, policy)).to.deep.equal({
        id: 'session',
        userId: 7,
        openedAt: 1000,
        lastUsedAt: 1000,
        current: { id: 'first', issuedAt: 1000, expiresAt: 1100 },
      });
    });

    it('knows where it was opened from, if that is known', () => {
      const { address } = openSession({ ...owner, address: '192.0.2.1' }, 1000, aPolicy());
      expect(address).to.equal('192.0.2.1');
    });

    it('may be shorter than a refresh token if it rotates', () => {
      const policy = aPolicy({ rotate: true, refreshLifetime: 100, sessionLifetime: 60 });
      expect(openSession(owner, 1000, policy).current.expiresAt).to.equal(1060);
    });
  });

  describe('as time passes', () => {
    it('expires with its current refresh token', () => {
      const session = aSession({ current: aGeneration({ expiresAt: 2000 }) });
      expect(isUnexpired(session, 1999.999)).to.equal(true);
      expect(isUnexpired(session, 2000)).to.equal(false);
    });
  });
});

describe('the next refresh token', () => {
  it('lasts for its lifetime from now', () => {
    const policy = aPolicy({ rotate: true, refreshLifetime: 100, sessionLifetime: 1000 });
    expect(nextGeneration({ openedAt: 1000 }, 'next', 1500.9, policy)).to.deep.equal({
      id: 'next',
      issuedAt: 1500,
      expiresAt: 1600,
    });
  });

  it('ends with the session if it rotates', () => {
    const policy = aPolicy({ rotate: true, refreshLifetime: 100, sessionLifetime: 1000 });
    expect(nextGeneration({ openedAt: 1000 }, 'next', 1899, policy).expiresAt).to.equal(1999);
    expect(nextGeneration({ openedAt: 1000 }, 'next', 1900, policy).expiresAt).to.equal(2000);
    expect(nextGeneration({ openedAt: 1000 }, 'next', 1999, policy).expiresAt).to.equal(2000);
  });

  it('knows no other end than its own lifetime if it does not rotate', () => {
    const policy = aPolicy({ rotate: false, refreshLifetime: 100, sessionLifetime: 50 });
    expect(nextGeneration({ openedAt: 1000 }, 'next', 1000, policy).expiresAt).to.equal(1100);
  });
});

describe('a rotation', () => {
  it('exchanges the current token', () => {
    const session = aSession();
    expect(rotate(session, 'current', next, 1500.5, 10)).to.deep.equal({
      outcome: 'rotated',
      session: {
        ...session,
        lastUsedAt: 1500,
        current: next,
        previous: { id: 'current', rotatedAt: 1500.5 },
      },
    });
  });

  it('was not used earlier than it was opened, though the clock was set back', () => {
    const rotation = rotate(aSession({ openedAt: 2000, lastUsedAt: 2000 }), 'current', next, 1500, 10);
    expect(rotation).to.have.nested.property('session.lastUsedAt', 2000);
  });

  it('exchanges the current token also if the session was rotated before', () => {
    const session = aSession({ previous: { id: 'older', rotatedAt: 1100 } });
    expect(rotate(session, 'current', next, 1500, 10)).to.deep.equal({
      outcome: 'rotated',
      session: { ...session, lastUsedAt: 1500, current: next, previous: { id: 'current', rotatedAt: 1500 } },
    });
  });

  it('repeats its answer for the token before, within the grace time', () => {
    const session = aSession({ previous: { id: 'spent', rotatedAt: 1500 } });
    expect(rotate(session, 'spent', next, 1500, 10)).to.deep.equal({ outcome: 'rotated', session });
    expect(rotate(session, 'spent', next, 1509.999, 10)).to.deep.equal({ outcome: 'rotated', session });
  });

  it('takes the token before for reused when the grace time is over', () => {
    const session = aSession({ previous: { id: 'spent', rotatedAt: 1500 } });
    expect(rotate(session, 'spent', next, 1510, 10)).to.deep.equal({ outcome: 'reused' });
  });

  it('does not make the grace time longer when the clock is set back', () => {
    const session = aSession({ previous: { id: 'spent', rotatedAt: 1500 } });
    expect(rotate(session, 'spent', next, 1490.001, 10)).to.deep.equal({ outcome: 'rotated', session });
    expect(rotate(session, 'spent', next, 1490, 10)).to.deep.equal({ outcome: 'reused' });
  });

  it('is strict with a grace time of 0, at the same instant too', () => {
    const session = aSession({ previous: { id: 'spent', rotatedAt: 1500 } });
    expect(rotate(session, 'spent', next, 1500, 0)).to.deep.equal({ outcome: 'reused' });
  });

  it('takes every other token for reused, within the grace time too', () => {
    const rotated = aSession({ previous: { id: 'spent', rotatedAt: 1500 } });
    expect(rotate(rotated, 'older', next, 1500, 10)).to.deep.equal({ outcome: 'reused' });
    expect(rotate(aSession(), 'unknown', next, 1500, 10)).to.deep.equal({ outcome: 'reused' });
  });

  it('takes a token for reused when two have followed it, within the grace time too', () => {
    const once = rotate(aSession(), 'current', next, 1500, 10);
    const twice =
      once.outcome === 'rotated' && rotate(once.session, 'next', aGeneration({ id: 'third' }), 1501, 10);
    expect(
      twice && twice.outcome === 'rotated' && rotate(twice.session, 'current', next, 1502, 10),
    ).to.deep.equal({
      outcome: 'reused',
    });
  });

  it('decided twice with the same next token gives the same session, whatever the grace time', () => {
    fc.assert(
      fc.property(fc.nat(20), fc.nat(1000), (grace, later) => {
        const once = rotate(aSession(), 'current', next, 1500, grace);
        const again =
          once.outcome === 'rotated' && rotate(once.session, 'current', next, 1500 + later, grace);
        expect(again).to.deep.equal(once);
      }),
    );
  });
});

describe('an access token', () => {
  it('names the session and its user, and lasts for its lifetime', () => {
    const session = aSession({ userId: 7, current: aGeneration({ expiresAt: 9999 }) });
    expect(accessClaims(session, 'access', 1500.9, aPolicy({ accessLifetime: 60 }))).to.deep.equal({
      type: 'access',
      id: 'access',
      userId: 7,
      sessionId: 'session',
      issuedAt: 1500,
      expiresAt: 1560,
    });
  });

  it('never outlives its session', () => {
    fc.assert(
      fc.property(fc.double({ min: 1000, max: 1999.9, noNaN: true }), fc.nat(5000), (now, accessLifetime) => {
        const session = aSession({ current: aGeneration({ expiresAt: 2000 }) });
        const { expiresAt } = accessClaims(session, 'access', now, aPolicy({ accessLifetime }));
        expect(expiresAt).to.equal(Math.min(Math.floor(now) + accessLifetime, 2000));
        expect(expiresAt).to.satisfy(Number.isInteger);
      }),
    );
  });
});

describe('a refresh token', () => {
  it('says the same however often it is asked for', () => {
    const session = aSession({ userId: 7, previous: { id: 'spent', rotatedAt: 1500 } });
    expect(refreshClaims(session)).to.deep.equal({
      type: 'refresh',
      id: 'current',
      userId: 7,
      sessionId: 'session',
      issuedAt: 1000,
      expiresAt: 2000,
    });
    expect(refreshClaims(session)).to.deep.equal(refreshClaims(structuredClone(session)));
  });
});
