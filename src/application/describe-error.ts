/** What the log may say about an unexpected error. Its message is left out, because it may quote what a client sent. */
export interface ErrorDescription {
  /** Its name and code: `TypeError`, `Error ECONNRESET`. */
  readonly kind: string;
  /** Where it was thrown: the failed system call with its address and port, and the frames of the stack. */
  readonly at: readonly string[];
}

/** Never throws, whatever the error is: a proxy, or an object whose getters throw. */
export function describeError(error: unknown): ErrorDescription {
  try {
    return description(error);
  } catch {
    return { kind: typeof error, at: [] };
  }
}

function description(error: unknown): ErrorDescription {
  const name = error instanceof Error ? nameOf(error) : typeof error;
  const kind = joined(name, codeOf(error));
  const call = joined(
    member(error, 'syscall', /^[a-z]{1,20}$/),
    member(error, 'address', /^[\da-f.:]{2,45}$/i),
    member(error, 'port', /^\d{1,5}$/),
  );
  return { kind, at: [call, ...framesOf(error)].filter((line) => line !== '') };
}

/** A program may give its errors any name, and make one of what a client sent. */
function nameOf({ name }: { readonly name: unknown }): string {
  return typeof name === 'string' && /^[\w$.:-]{1,60}$/.test(name) ? name : 'Error';
}

function joined(...words: readonly (string | undefined)[]): string {
  return words.filter((word) => word !== undefined).join(' ');
}

/** The code of the system or of a driver, such as `ECONNREFUSED`: the error's own, or that of its cause. */
export function codeOf(error: unknown): string | undefined {
  const cause = error instanceof Error ? error.cause : undefined;
  return ownCodeOf(error) ?? ownCodeOf(cause);
}

function ownCodeOf(error: unknown): string | undefined {
  return member(error, 'code', /^[A-Z\d_]{1,40}$/);
}

/** A property of the error, if it has the expected form: anything else might be what a client sent. */
function member(error: unknown, key: string, pattern: RegExp): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const value: unknown = Reflect.get(error, key);
  return /^(?:string|number)$/.test(typeof value) && pattern.test(String(value)) ? String(value) : undefined;
}

function framesOf(error: unknown): readonly string[] {
  if (!(error instanceof Error)) return [];
  // The stack begins with the message, and parts of that may look like frames.
  const frames = (error.stack ?? '').replace(error.message, '').match(/^ +at .+$/gm) ?? [];
  return frames.map((line) => line.trim());
}
