/** What an error that nobody foresaw may be known by: its kind, and where it arose. Its message may quote what a client sent. */
export function describeUnforeseen(error: unknown): {
  readonly kind: string;
  readonly at: readonly string[];
} {
  if (!(error instanceof Error)) return { kind: typeof error, at: [] };
  // The stack begins with the message, parts of which may look like frames.
  const frames = (error.stack ?? '').replace(error.message, '').match(/^ +at .+$/gm) ?? [];
  return { kind: error.name, at: frames.map((line) => line.trim()) };
}
