import { expect } from 'chai';
import { TokenCache, type VerifiedToken } from '../../../src/adapters/crypto/token-cache.js';

const now = 1_000;

function verified(signature: string, expiresAt = 2_000): VerifiedToken {
  const claims = {
    type: 'access',
    id: signature,
    userId: 1,
    sessionId: 's',
    issuedAt: now,
    expiresAt,
  } as const;
  return { token: `header.payload.${signature}`, claims, notBefore: now };
}

describe('TokenCache', () => {
  let cache: TokenCache;
  beforeEach(() => {
    cache = new TokenCache(3);
  });

  const idsOf = (...signatures: string[]) =>
    signatures.map((signature) => cache.get(`header.payload.${signature}`, now)?.id);

  it('returns the claims of a token that was added, each time', () => {
    cache.add(verified('a'));
    expect(idsOf('a', 'a', 'b')).to.deep.equal(['a', 'a', undefined]);
  });

  it('compares the whole token, not the signature alone', () => {
    cache.add(verified('a'));
    for (const other of ['header.another.a', '.a', 'a', 'header.payload.a ', '']) {
      expect(cache.get(other, now)).to.equal(undefined);
    }
  });

  it('drops the oldest tokens when it is full, however often they were used', () => {
    for (const signature of ['a', 'b', 'c']) cache.add(verified(signature));
    expect(idsOf('a')).to.deep.equal(['a']);
    cache.add(verified('d'));
    expect(idsOf('a', 'b', 'c', 'd')).to.deep.equal([undefined, 'b', 'c', 'd']);
  });

  it('forgets a token from the second on in which it expires', () => {
    cache.add(verified('a', 1_010));
    expect(cache.get('header.payload.a', 1_009.9)).to.include({ id: 'a' });
    expect(cache.get('header.payload.a', 1_010)).to.equal(undefined);
    expect(idsOf('a')).to.deep.equal([undefined]);
  });

  it('returns no token more than five seconds before it becomes valid', () => {
    cache.add(verified('a'));
    expect(cache.get('header.payload.a', now - 5)).to.include({ id: 'a' });
    expect(cache.get('header.payload.a', now - 5.1)).to.equal(undefined);
  });

  it('returns no token after it was cleared, as when keys are dropped', () => {
    cache.add(verified('a'));
    cache.clear();
    expect(idsOf('a')).to.deep.equal([undefined]);
  });
});
