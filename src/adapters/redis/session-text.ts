import type { Session } from '../../domain/session.js';

/**
 * A session as text: `openedAt expiresAt refreshId`, once it has rotated `issuedAt previousId rotatedAt` as well, then an
 * `@`, for how many seconds it had been open when it was last used, and the address that it was opened from, if that is
 * known. Numbers are in base 36, but for `rotatedAt`, which has a fraction; ids are in base64url; networks of IPv6 end in
 * `/` instead of `::/64`.
 *
 * Without rotation that is at most 64 bytes, so that Redis keeps the sessions of a user in one small piece of memory.
 * Texts without an `@` are older: their numbers are decimal, and their ids hexadecimal.
 */
export function serialise({ openedAt, lastUsedAt, address, current, previous }: Session): string {
  const tokens = [inBase36(openedAt), inBase36(current.expiresAt), shorten(current.id)];
  if (previous) tokens.push(inBase36(current.issuedAt), shorten(previous.id), String(previous.rotatedAt));
  const use = [
    inBase36(lastUsedAt - openedAt),
    ...(address === undefined ? [] : [address.replace(/::\/64$/, '/')]),
  ];
  return `${tokens.join(' ')}@${use.join(' ')}`;
}

export function parse(userId: number, id: string, text: string): Session {
  const [, tokens = text, usedAfter, address] = /^([^@]*)@(\w+)(?: (.*))?$/.exec(text) ?? [];
  const radix = usedAfter === undefined ? 10 : 36;
  const [opened = '', expires = '', refreshId = '', issued = opened, previousId, rotated] = tokens.split(' ');
  const openedAt = Number.parseInt(opened, radix);
  return {
    id,
    userId,
    openedAt,
    lastUsedAt: openedAt + Number.parseInt(usedAfter ?? '0', radix),
    ...(address !== undefined && { address: address.replace(/\/$/, '::/64') }),
    current: {
      id: lengthen(refreshId),
      issuedAt: Number.parseInt(issued, radix),
      expiresAt: Number.parseInt(expires, radix),
    },
    ...(previousId !== undefined && { previous: { id: lengthen(previousId), rotatedAt: Number(rotated) } }),
  };
}

function inBase36(number: number): string {
  return number.toString(36);
}

/** An id of 32 hexadecimal digits in 22 characters; any other as it is. */
function shorten(id: string): string {
  return /^[0-9a-f]{32}$/.test(id) ? Buffer.from(id, 'hex').toString('base64url') : id;
}

function lengthen(id: string): string {
  return id.length === 22 ? Buffer.from(id, 'base64url').toString('hex') : id;
}
