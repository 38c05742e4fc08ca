/** A link with which a user sets a password without knowing the old one. It works once. Its token is stored nowhere. */
export interface PasswordLink {
  /** The digest of the token. */
  readonly digest: string;
  /** Whole seconds since the epoch. */
  readonly expiresAt: number;
}

/** Seconds for which a link works. */
const lifetime = 86_400;

/** The token of a link: the id of its user and 32 random hexadecimal digits. */
export function linkToken(userId: number, secret: string): string {
  return `${userId}-${secret}`;
}

/** The id of the user in a token; undefined if the text is no token. */
export function userIdIn(token: string): number | undefined {
  const [, id] = /^([1-9]\d{0,14})-[\da-f]{32}$/.exec(token) ?? [];
  return id === undefined ? undefined : Number(id);
}

/** A new link. `now` is in seconds since the epoch. */
export function newPasswordLink(digest: string, now: number): PasswordLink {
  return { digest, expiresAt: Math.floor(now) + lifetime };
}

/** Whether the link is the one with this digest, and has not expired. Takes constant time for digests of one length. */
export function opensWith(link: PasswordLink, digest: string, now: number): boolean {
  let difference = link.digest.length ^ digest.length;
  for (let i = 0; i < digest.length; i++) difference |= link.digest.charCodeAt(i) ^ digest.charCodeAt(i);
  return difference === 0 && now < link.expiresAt;
}
