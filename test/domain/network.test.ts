import { expect } from 'chai';
import { networkOf } from '../../src/domain/network.js';

describe('the network of an address', () => {
  for (const [address, network] of [
    ['192.0.2.1', '192.0.2.1'],
    ['unknown', 'unknown'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::6', '2001:db8:1:2::/64'],
    ['2001:db8:1::6', '2001:db8:1::/64'],
    ['2001:db8:1::4:5:6:7', '2001:db8:1::/64'],
    ['2001:db8::2:3:4:5:6', '2001:db8:0:2::/64'],
    ['2001:db8:1:2:3::', '2001:db8:1:2::/64'],
    ['2001::', '2001::/64'],
    ['2001:db8:10::', '2001:db8:10::/64'],
    ['2001:0:0:1::', '2001:0:0:1::/64'],
    ['::1', '::/64'],
    ['::', '::/64'],
    ['::2:3:4:5:6:7', '0:0:2:3::/64'],
  ] as const) {
    it(`${address} is ${network}`, () => {
      expect(networkOf(address)).to.equal(network);
    });
  }
});
