import { writableTime } from '../../domain/writable-time.js';

/** The time in ISO 8601, from seconds since the epoch. */
export function timeText(seconds: number): string {
  return new Date(writableTime(seconds)).toISOString();
}
