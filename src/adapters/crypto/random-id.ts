import { randomBytes } from 'node:crypto';

/** 32 lower-case hexadecimal digits, 128 random bits. */
export function randomId(): string {
  return randomBytes(16).toString('hex');
}
