/**
 * The network that counts as one client: an IPv4 address, or the IPv6 /64 that a household or a machine has to itself.
 * `address` and the result are in the form of RFC 5952.
 */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const network = groupsOf(address).slice(0, 4).join(':');
  return `${network.replace(/(?:^|:)0(?::0)*$/, '')}::/64`;
}

/**
 * The networks that contain an address, the widest first and networkOf(address) last. For IPv6 these include the /32
 * and the /48, because one client may own all the networks in them.
 */
export function networksOf(address: string): readonly string[] {
  if (!address.includes(':')) return [address];
  const groups = groupsOf(address);
  const wide = [2, 3].map((count) => `${groups.slice(0, count).join(':')}::/${16 * count}`);
  return [...wide, networkOf(address)];
}

/** The eight groups of an IPv6 address. */
function groupsOf(address: string): readonly string[] {
  const [first = '', last = ''] = address.split('::');
  const groups = first === '' ? [] : first.split(':');
  const missing = 8 - groups.length - (last === '' ? 0 : last.split(':').length);
  return [...groups, ...Array<string>(missing).fill('0'), ...last.split(':')];
}
