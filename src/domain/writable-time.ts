const first = Date.parse('0000-01-01T00:00:00Z');
const last = Date.parse('9999-12-31T23:59:59Z');

/**
 * A time in seconds since the epoch as milliseconds, or the first or last one whose year has four digits: RFC 3339 can
 * write no other, and an import may have brought any number.
 */
export function writableTime(seconds: number): number {
  return Math.min(Math.max(seconds * 1000, first), last);
}
