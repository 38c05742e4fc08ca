/**
 * The network that counts as one client: an address of IPv4, or the /64 of IPv6 that a household or a machine has to
 * itself. `address` is written as RFC 5952 has it, and so is the answer.
 */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const network = groupsOf(address).slice(0, 4).join(':');
  return `${network.replace(/(?:^|:)0(?::0)*$/, '')}::/64`;
}

/**
 * The networks that an address is in, the widest first, networkOf(address) last: of IPv6 also the /32 and the /48, for
 * one client may have all of the networks within.
 */
export function networksOf(address: string): readonly string[] {
  if (!address.includes(':')) return [address];
  const groups = groupsOf(address);
  const wide = [2, 3].map((count) => `${groups.slice(0, count).join(':')}::/${16 * count}`);
  return [...wide, networkOf(address)];
}

/** The eight groups of an address of IPv6. */
function groupsOf(address: string): readonly string[] {
  const [first = '', last = ''] = address.split('::');
  const groups = first === '' ? [] : first.split(':');
  const missing = 8 - groups.length - (last === '' ? 0 : last.split(':').length);
  return [...groups, ...Array<string>(missing).fill('0'), ...last.split(':')];
}
