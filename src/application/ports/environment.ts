/** Seconds since the epoch, with fractions. */
export type Clock = () => number;

/** Returns 32 lower-case hexadecimal digits from a cryptographically secure source, different each time. */
export type NewId = () => string;

/** A collision-resistant digest of a text, as a short text. */
export type Digest = (text: string) => string;

/** Structured log lines. Fields never hold passwords, tokens, keys or bodies. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
