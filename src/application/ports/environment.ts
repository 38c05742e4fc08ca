/** Seconds since the epoch, with fractions. */
export type Clock = () => number;

/** 32 lower-case hexadecimal digits from a cryptographic source, new each time. */
export type NewId = () => string;

/** Makes a short text of any text; nobody can find two texts for which it is the same. */
export type Digest = (text: string) => string;

/** Structured log lines. Fields never hold passwords, tokens, keys or bodies. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
