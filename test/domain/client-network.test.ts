import { expect } from 'chai';
import { networkOf, networksOf } from '../../src/domain/client-network.js';

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

describe('the networks of an address', () => {
  it('of IPv4 are the address alone', () => {
    expect(networksOf('192.0.2.1')).to.deep.equal(['192.0.2.1']);
  });

  it('of IPv6 are its /32, its /48 and what counts as one client', () => {
    expect(networksOf('2001:db8:1:2::6')).to.deep.equal([
      '2001:db8::/32',
      '2001:db8:1::/48',
      networkOf('2001:db8:1:2::6'),
    ]);
    expect(networksOf('2001:db8::6')[1]).to.equal(networksOf('2001:db8:0:1::6')[1]);
  });
});
