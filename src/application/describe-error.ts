/** What an error that nobody foresaw may be known by. Its message may quote what a client sent, and is left out. */
export interface ErrorDescription {
  /** Its name and code: `TypeError`, `Error ECONNRESET`. */
  readonly kind: string;
  /** Where it arose: whom the failed call of the system was for, and the frames of its stack. */
  readonly at: readonly string[];
}

export function describeError(error: unknown): ErrorDescription {
  const name = error instanceof Error ? error.name : typeof error;
  const cause = error instanceof Error ? error.cause : undefined;
  const kind = joined(name, codeOf(error) ?? codeOf(cause));
  const call = joined(
    member(error, 'syscall', /^[a-z]{1,20}$/),
    member(error, 'address', /^[\da-f.:]{2,45}$/i),
    member(error, 'port', /^\d{1,5}$/),
  );
  return { kind, at: [call, ...framesOf(error)].filter((line) => line !== '') };
}

function joined(...words: readonly (string | undefined)[]): string {
  return words.filter((word) => word !== undefined).join(' ');
}

function codeOf(error: unknown): string | undefined {
  return member(error, 'code', /^[A-Z\d_]{1,40}$/);
}

/** A member of the error, if it looks as it should: anything else might be what a client sent. */
function member(error: unknown, key: string, pattern: RegExp): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const value: unknown = Reflect.get(error, key);
  return /^(?:string|number)$/.test(typeof value) && pattern.test(String(value)) ? String(value) : undefined;
}

function framesOf(error: unknown): readonly string[] {
  if (!(error instanceof Error)) return [];
  // The stack begins with the message, parts of which may look like frames.
  const frames = (error.stack ?? '').replace(error.message, '').match(/^ +at .+$/gm) ?? [];
  return frames.map((line) => line.trim());
}
