import { expect } from 'chai';
import { adoptedSession, rotate } from '../../src/domain/session.js';
import { isFresh } from '../../src/domain/staff.js';
import { aGeneration, aSession } from '../support/builders.js';

describe('isFresh', () => {
  const now = 1_700_000_000;
  const openedAt = (seconds: number) => aSession({ openedAt: now + seconds, address: '192.0.2.1' });

  it('is true in the ten minutes after the sign-in', () => {
    expect(isFresh(openedAt(0), now)).to.equal(true);
    expect(isFresh(openedAt(-599.5), now)).to.equal(true);
    expect(isFresh(openedAt(-600), now)).to.equal(false);
  });

  it('bears a clock that is behind, but no date in the far future', () => {
    expect(isFresh(openedAt(5), now)).to.equal(true);
    expect(isFresh(openedAt(600), now)).to.equal(false);
  });

  it('is false for a session that began with a token of the replaced backend, also once it was refreshed', () => {
    const claims = { type: 'refresh', id: 'old', userId: 1, sessionId: 'old', isLegacy: true } as const;
    const adopted = adoptedSession({ ...claims, issuedAt: now, expiresAt: now + 3600 });
    const next = aGeneration({ id: 'new', issuedAt: now + 1, expiresAt: now + 3600 });
    const rotation = rotate(adopted, { presented: adopted.current, next, grace: 0 }, now + 1);
    const rotated = rotation.outcome === 'rotated' ? rotation.session : undefined;
    expect(rotated).to.have.nested.property('current.id', 'new');
    for (const session of [adopted, rotated ?? adopted]) expect(isFresh(session, now + 2)).to.equal(false);
  });
});
