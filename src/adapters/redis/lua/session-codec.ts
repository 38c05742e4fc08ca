import type { RotatedOut, Session } from '../../../domain/session.js';

/** A session as it is stored. */
export interface HeldSession {
  readonly session: Session;
  /** Its place among the user's sessions that were opened in the same second. */
  readonly order: number;
}

/**
 * A session as text, separated by spaces:
 *
 * - `openedAt`, with a dot and `order` in decimal digits if that is not 0; `expiresAt`; the id of the refresh token;
 * - after the first rotation: `issuedAt` of the refresh token, then `id issuedAt rotatedAt` of each remembered token;
 * - an `@`, the seconds from `openedAt` to `lastUsedAt`, and the address if it is known.
 *
 * Numbers are in base 36, `rotatedAt` in milliseconds. Ids are in base64url. IPv6 networks end in `/` instead of
 * `::/64`.
 *
 * Without rotation, the text has at most 64 bytes, so that Redis stores the sessions of a user compactly, as a
 * listpack.
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

/** A session that can be read. Scripts accept the same: see prelude.ts. */
const shape =
  /^([\da-z]{1,10})\.?(\d*) ([\da-z]{1,10}) ([^@ ]+)([^@]*)@([\da-z]{1,10})(?![\da-z])(?: (.*))?/is;

/** The session in a text; undefined if the text cannot be read, which counts as an ended session. */
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

/** Writes an id of 32 hexadecimal digits in 22 characters. Other ids stay unchanged. */
function compactId(id: string): string {
  return /^[0-9a-f]{32}$/.test(id) ? Buffer.from(id, 'hex').toString('base64url') : id;
}

function expandId(id: string): string {
  return id.length === 22 ? Buffer.from(id, 'base64url').toString('hex') : id;
}
