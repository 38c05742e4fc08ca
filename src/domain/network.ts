/**
 * The network that counts as one client: an address of IPv4, or the /64 of IPv6 that a household or a machine has to
 * itself. `address` is written as RFC 5952 has it, and so is the answer.
 */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const [first = '', last = ''] = address.split('::');
  const groups = first === '' ? [] : first.split(':');
  const missing = 8 - groups.length - (last === '' ? 0 : last.split(':').length);
  const all = [...groups, ...Array<string>(missing).fill('0'), ...last.split(':')];
  const network = all.slice(0, 4).join(':');
  return `${network.replace(/(?:^|:)0(?::0)*$/, '')}::/64`;
}
