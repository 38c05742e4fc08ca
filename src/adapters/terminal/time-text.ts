/** The time in ISO 8601, from seconds since the epoch. */
export function timeText(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
