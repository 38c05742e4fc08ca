import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { ConfigError } from './config.js';

/** A quoted value, which may have several lines, or a line of a comment or of nothing. */
const quotedOrComment = /(=[ \t]*(?:"[^"]*"|'[^']*'|`[^`]*`))|(?<=^|\n)[ \t\r]*(?:#[^\n]*)?(?:\n|$)/g;

/** A line without a quoted value. */
const settingLine = /^(?:\s*(?:export\s+)?\w+\s*=[^\n]*)?$/;

/** An environment that includes the settings of a file. What it had before wins, unless it is empty. */
export class SettingsFile {
  private readonly original: Readonly<NodeJS.ProcessEnv>;

  constructor(
    private readonly path: string,
    private readonly environment: NodeJS.ProcessEnv,
  ) {
    this.original = { ...environment };
  }

  /** Reads the file as it is now, and returns the resulting environment. Throws ConfigError. */
  read(): Readonly<NodeJS.ProcessEnv> {
    const own = Object.entries(this.original).filter(([, value]) => value?.trim());
    return { ...this.original, ...this.parse(), ...Object.fromEntries(own) };
  }

  /** Makes what `read` has returned the environment, of processes that are started from now on too. */
  apply(settings: Readonly<NodeJS.ProcessEnv>): void {
    for (const name of Object.keys(this.environment)) {
      if (!(name in settings)) delete this.environment[name];
    }
    Object.assign(this.environment, settings);
  }

  private parse(): Readonly<NodeJS.ProcessEnv> {
    // Versions of Node differ in what they make of comments, of blanks before a name, and of lines that are no setting: some
    // leave one out without a word, some take it for a part of the next one.
    const text = this.readText().replaceAll(quotedOrComment, (_, quoted: string = '') => quoted);
    const lines = text.replaceAll(quotedOrComment, (_, quoted) => (quoted ? '=' : '')).split('\n');
    if (!lines.every((line) => settingLine.test(line))) {
      throw new ConfigError([`${this.path}: expected NAME=value on each line.`]);
    }
    return Object.fromEntries(Object.entries(parseEnv(text)).map(([name, value]) => [name.trim(), value]));
  }

  private readText(): string {
    try {
      return readFileSync(this.path, 'utf8');
    } catch (error) {
      const { code = 'unknown' } = error as NodeJS.ErrnoException;
      throw new ConfigError([`${this.path}: the file of settings cannot be read (${code}).`]);
    }
  }
}
