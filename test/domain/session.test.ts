import { expect } from 'chai';
import * as fc from 'fast-check';
import {
  accessClaims,
  isUnexpired,
  nextGeneration,
  openSession,
  refreshClaims,
  rotate,
  type RefreshGeneration,
  type Session,
} from '../../src/domain/session.js';
import { aGeneration, aPolicy, aSession } from '../support/builders.js';

const owner = { id: 'session', userId: 7, refreshId: 'first' };
const next = aGeneration({ id: 'next', issuedAt: 1500, expiresAt: 2500 });

describe('a session', () => {
  describe('when it opens', () => {
    it('has one refresh token, and times in whole seconds', () => {
      const policy = aPolicy({ refreshLifetime: 100 });
      expect(openSession(owner, 1000.9, policy)).to.deep.equal({
        id: 'session',
        userId: 7,
        openedAt: 1000,
        lastUsedAt: 1000,
        current: { id: 'first', issuedAt: 1000, expiresAt: 1100 },
      });
    });

    it('has the address that it was opened from, if that is known', () => {
      const { address } = openSession({ ...owner, address: '192.0.2.1' }, 1000, aPolicy());
      expect(address).to.equal('192.0.2.1');
    });

    it('may be shorter than a refresh token’s lifetime with rotation', () => {
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
  it('expires after its lifetime', () => {
    const policy = aPolicy({ rotate: true, refreshLifetime: 100, sessionLifetime: 1000 });
    expect(nextGeneration({ openedAt: 1000 }, 'next', 1500.9, policy)).to.deep.equal({
      id: 'next',
      issuedAt: 1500,
      expiresAt: 1600,
    });
  });

  it('never outlives the session with rotation', () => {
    const policy = aPolicy({ rotate: true, refreshLifetime: 100, sessionLifetime: 1000 });
    expect(nextGeneration({ openedAt: 1000 }, 'next', 1899, policy).expiresAt).to.equal(1999);
    expect(nextGeneration({ openedAt: 1000 }, 'next', 1900, policy).expiresAt).to.equal(2000);
    expect(nextGeneration({ openedAt: 1000 }, 'next', 1999, policy).expiresAt).to.equal(2000);
  });

  it('expires only after its lifetime without rotation', () => {
    const policy = aPolicy({ rotate: false, refreshLifetime: 100, sessionLifetime: 50 });
    expect(nextGeneration({ openedAt: 1000 }, 'next', 1000, policy).expiresAt).to.equal(1100);
  });
});

/** A token that was issued long ago, unless a time is given. */
const token = (id: string, issuedAt = 0) => ({ id, issuedAt });

describe('a rotation', () => {
  /** A session of which the token `spent` was rotated out at 1500. */
  const rotated = aSession({ rotatedOut: [{ id: 'spent', issuedAt: 1000, rotatedAt: 1500 }] });

  it('exchanges the current token, and remembers the old one', () => {
    const session = aSession();
    expect(exchanged(session, next, 1500.5, 10)).to.deep.equal({
      ...session,
      lastUsedAt: 1500,
      current: next,
      rotatedOut: [{ id: 'current', issuedAt: 1000, rotatedAt: 1500.5 }],
    });
  });

  it('remembers no token with a grace time of 0', () => {
    expect(exchanged(rotated, next, 1500.5, 0)).not.to.have.property('rotatedOut');
  });

  it('never sets the last use before the opening, even if the clock was set back', () => {
    const session = exchanged(aSession({ openedAt: 2000, lastUsedAt: 2000 }), next, 1500, 10);
    expect(session.lastUsedAt).to.equal(2000);
  });

  it('forgets tokens that were rotated out before the grace time, and no others', () => {
    expect(exchanged(rotated, next, 1509, 10).rotatedOut?.map(({ id }) => id)).to.deep.equal([
      'spent',
      'current',
    ]);
    expect(exchanged(rotated, next, 1510, 10).rotatedOut?.map(({ id }) => id)).to.deep.equal(['current']);
  });

  it('returns the current token for one that was rotated out within the grace time', () => {
    for (const now of [1500, 1509.999]) {
      expect(rotate(rotated, { presented: token('spent'), next, grace: 10 }, now)).to.deep.equal({
        outcome: 'rotated',
        session: rotated,
      });
    }
  });

  it('detects reuse of a token when the grace time is over', () => {
    expect(rotate(rotated, { presented: token('spent'), next, grace: 10 }, 1510)).to.deep.equal({
      outcome: 'reused',
    });
  });

  it('does not extend the grace time when the clock is set back', () => {
    expect(rotate(rotated, { presented: token('spent'), next, grace: 10 }, 1490.001)).to.have.property(
      'outcome',
      'rotated',
    );
    expect(rotate(rotated, { presented: token('spent'), next, grace: 10 }, 1490)).to.deep.equal({
      outcome: 'reused',
    });
  });

  it('detects reuse at the same instant with a grace time of 0', () => {
    expect(rotate(rotated, { presented: token('spent', 1500), next, grace: 0 }, 1500)).to.deep.equal({
      outcome: 'reused',
    });
  });

  it('returns the current token for one that was issued within the grace time, remembered or not', () => {
    expect(rotate(rotated, { presented: token('unknown', 1491), next, grace: 10 }, 1500)).to.have.property(
      'outcome',
      'rotated',
    );
    expect(rotate(rotated, { presented: token('unknown', 1490), next, grace: 10 }, 1500)).to.deep.equal({
      outcome: 'reused',
    });
  });

  it('returns the current token for every one that was rotated out within the grace time, and detects reuse of all others', () => {
    // Steps shorter and longer than the grace time, at most 64 of them.
    const steps = fc.array(fc.integer({ min: 1, max: 12_000 }), { minLength: 1, maxLength: 64 });
    fc.assert(
      fc.property(steps, fc.nat(60_000), (milliseconds, later) => {
        const grace = 10;
        let now = 1000.4;
        let session = aSession();
        const spent: (RefreshGeneration & { readonly rotatedAt: number })[] = [];
        for (const [index, step] of milliseconds.entries()) {
          now = Math.round(now * 1000 + step) / 1000;
          spent.push({ ...session.current, rotatedAt: now });
          const to = aGeneration({ id: `token-${index}`, issuedAt: Math.floor(now) });
          session = exchanged(session, to, now, grace);
        }
        const shownAt = now + later / 1000;
        for (const each of spent) {
          const expected = shownAt - each.rotatedAt < grace ? 'rotated' : 'reused';
          expect(rotate(session, { presented: each, next, grace }, shownAt).outcome, each.id).to.equal(
            expected,
          );
        }
      }),
    );
  });

  describe('of many tokens within the grace time', () => {
    const day = 86_400;
    const spentBy = (session: Session, id: string, now: number, grace = day) =>
      rotate(session, { presented: token(id, -2 * day), next, grace }, now).outcome;

    it('remembers the last 64 that were rotated out, where all were as long in use', () => {
      let session = aSession({ current: aGeneration({ id: 'token-0', issuedAt: 1000 }) });
      for (let step = 1; step <= 100; step++) {
        const now = 1000 + 5 * step;
        session = exchanged(session, aGeneration({ id: `token-${step}`, issuedAt: now }), now, day);
      }
      expect(session.rotatedOut).to.have.length(64);
      expect(spentBy(session, 'token-36', 1500)).to.equal('rotated');
      expect(spentBy(session, 'token-35', 1500)).to.equal('reused');
    });

    it('remembers a token that was issued long ago, however many followed it, and those need no record', () => {
      let session = aSession({ current: aGeneration({ id: 'old', issuedAt: 1000 }) });
      for (let step = 1; step <= 200; step++) {
        const now = 2000 + step / 100;
        session = exchanged(
          session,
          aGeneration({ id: `token-${step}`, issuedAt: Math.floor(now) }),
          now,
          10,
        );
      }
      expect(session.rotatedOut).to.have.length(64);
      expect(spentBy(session, 'old', 2002, 10)).to.equal('rotated');
      for (let step = 1; step < 200; step++) {
        const shown = token(`token-${step}`, Math.floor(2000 + step / 100));
        expect(rotate(session, { presented: shown, next, grace: 10 }, 2002)).to.have.property(
          'outcome',
          'rotated',
        );
      }
    });
  });

  it('is idempotent: twice with the same next token gives the same session, whatever the grace time', () => {
    fc.assert(
      fc.property(fc.nat(20), fc.nat(1000), (grace, later) => {
        const once = rotate(aSession(), { presented: token('current'), next, grace }, 1500);
        const again =
          once.outcome === 'rotated' &&
          rotate(once.session, { presented: token('current'), next, grace }, 1500 + later);
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
  it('has the same claims at each call', () => {
    const session = aSession({ userId: 7, rotatedOut: [{ id: 'spent', issuedAt: 900, rotatedAt: 1500 }] });
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

/** The session after its current token was exchanged; throws if it was not. */
function exchanged(session: Session, to: RefreshGeneration, now: number, grace: number): Session {
  const rotation = rotate(session, { presented: session.current, next: to, grace }, now);
  if (rotation.outcome !== 'rotated') throw new Error('the current token was taken for reused');
  return rotation.session;
}
