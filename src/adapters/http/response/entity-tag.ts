import { hash } from 'node:crypto';

/** The strong entity tag (RFC 9110, 8.8.3) of a text: 132 bits of its SHA-256. */
export function entityTag(text: string): string {
  return `"${hash('sha256', text, 'base64url').slice(0, 22)}"`;
}

/** The weak entity tag of all lists of a user at this revision. Each list has a URL of its own. */
export function listTag(userId: number, revision: number): string {
  return `W/"${userId}-${revision}"`;
}
