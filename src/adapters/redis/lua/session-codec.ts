import type { RotatedOut, Session } from '../../../domain/session.js';

/** A session as Redis has it. */
export interface HeldSession {
  readonly session: Session;
  /** Its place among the user's sessions that were opened in the same second. */
  readonly order: number;
}

/**
 * A session as text: `openedAt expiresAt refreshId`, once it has rotated `issuedAt` as well, and for each refresh token that
 * is remembered `id issuedAt rotatedAt`; then an `@`, for how many seconds it had been open when it was last used, and the
 * address that it was opened from, if that is known. Numbers are in base 36, `rotatedAt` in milliseconds; ids are in
 * base64url; networks of IPv6 end in `/` instead of `::/64`. Where its order is not 0, it follows `openedAt` and a dot, in
 * decimal digits.
 *
 * Without rotation that is at most 64 bytes, so that Redis keeps the sessions of a user in one small piece of memory.
 */
export function serialise({ session, order }: HeldSession): string {
  const { openedAt, lastUsedAt, address, current, rotatedOut = [] } = session;
  const tokens = [
    `${inBase36(openedAt)}${order === 0 ? '' : `.${order}`}`,
    inBase36(current.expiresAt),
    compactId(current.id),
    ...(current.issuedAt === openedAt && rotatedOut.length === 0 ? [] : [inBase36(current.issuedAt)]),
    ...rotatedOut.flatMap(({ id, issuedAt, rotatedAt }) => [
      compactId(id),
      inBase36(issuedAt),
      inBase36(Math.round(rotatedAt * 1000)),
    ]),
  ];
  const use = [
    inBase36(lastUsedAt - openedAt),
    ...(address === undefined ? [] : [address.replace(/::\/64$/, '/')]),
  ];
  return `${tokens.join(' ')}@${use.join(' ')}`;
}

/** What a script takes for a session, too: see lua-functions.ts. */
const shape =
  /^([\da-z]{1,10})\.?(\d*) ([\da-z]{1,10}) ([^@ ]+)([^@]*)@([\da-z]{1,10})(?![\da-z])(?: (.*))?/is;

/** Undefined if the text cannot be read: such a session has ended. */
export function parse(userId: number, id: string, text: string): HeldSession | undefined {
  const [, opened, order, expires, refreshId, others = '', usedAfter, address] = shape.exec(text) ?? [];
  if (opened === undefined || expires === undefined || refreshId === undefined || usedAfter === undefined)
    return undefined;
  const openedAt = fromBase36(opened);
  const [, issued = opened, ...words] = others.split(' ');
  const rotatedOut = parseRotatedOut(words);
  const session: Session = {
    id,
    userId,
    openedAt,
    lastUsedAt: openedAt + fromBase36(usedAfter),
    ...(address !== undefined && { address: address.replace(/\/$/, '::/64') }),
    current: { id: expandId(refreshId), issuedAt: fromBase36(issued), expiresAt: fromBase36(expires) },
    ...(rotatedOut.length > 0 && { rotatedOut }),
  };
  return { session, order: Number(order) };
}

function parseRotatedOut([id, issued, rotated, ...others]: readonly string[]): readonly RotatedOut[] {
  if (id === undefined || issued === undefined || rotated === undefined) return [];
  const first = { id: expandId(id), issuedAt: fromBase36(issued), rotatedAt: fromBase36(rotated) / 1000 };
  return [first, ...parseRotatedOut(others)];
}

function inBase36(number: number): string {
  return number.toString(36);
}

function fromBase36(text: string): number {
  return Number.parseInt(text, 36);
}

/** An id of 32 hexadecimal digits in 22 characters; any other as it is. */
function compactId(id: string): string {
  return /^[0-9a-f]{32}$/.test(id) ? Buffer.from(id, 'hex').toString('base64url') : id;
}

function expandId(id: string): string {
  return id.length === 22 ? Buffer.from(id, 'base64url').toString('hex') : id;
}
