import { expect } from 'chai';
import { keyedDigest } from '../../../src/adapters/crypto/keyed-digest.js';
import { algorithms, newSigningKey } from '../../../src/adapters/crypto/signing-key.js';

describe('keyedDigest', () => {
  for (const algorithm of algorithms) {
    it(`is the same for the same text and key of ${algorithm}, and another otherwise`, () => {
      const key = newSigningKey(algorithm);
      const digest = keyedDigest('maria', key);
      expect(digest).to.match(/^[\w-]{22}$/);
      expect(keyedDigest('maria', key)).to.equal(digest);
      expect(keyedDigest('marie', key)).not.to.equal(digest);
      expect(keyedDigest('maria', newSigningKey(algorithm))).not.to.equal(digest);
    });
  }
});
