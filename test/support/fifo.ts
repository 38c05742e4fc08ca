import { spawnSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A named pipe, whose reader can be silent, read, leave and come back. It is silent at first. */
export class Fifo {
  private readonly directory = mkdtempSync(join(tmpdir(), 'hexado-fifo-'));
  readonly path = join(this.directory, 'fifo');
  private reader: number | undefined;

  constructor() {
    spawnSync('mkfifo', [this.path]);
    this.come();
  }

  come(): void {
    this.reader ??= openSync(this.path, constants.O_RDONLY | constants.O_NONBLOCK);
  }

  leave(): void {
    if (this.reader !== undefined) closeSync(this.reader);
    this.reader = undefined;
  }

  /** Takes what is there. */
  read(): string {
    const buffer = Buffer.alloc(2 ** 20);
    try {
      const length = readSync(this.reader ?? -1, buffer);
      return buffer.toString('utf8', 0, length);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return '';
      throw error;
    }
  }

  remove(): void {
    this.leave();
    rmSync(this.directory, { recursive: true });
  }
}
