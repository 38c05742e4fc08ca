import { writableDate } from '../../domain/writable-date.js';

/** The time in ISO 8601, from seconds since the epoch. */
export function timeText(seconds: number): string {
  return writableDate(seconds).toISOString();
}
