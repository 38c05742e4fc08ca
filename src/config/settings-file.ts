import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { ConfigError } from './config.js';

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
    const settings = parseEnv(this.readText());
    if (!Object.keys(settings).every((name) => /^\w+$/.test(name))) {
      throw new ConfigError([`${this.path}: expected NAME=value on each line.`]);
    }
    return settings;
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
