import { writeSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

/** Maximum bytes per write, unless one line is longer. A write of up to PIPE_BUF bytes to a pipe is atomic. */
const batchSize = 4_096;

/** Milliseconds after which a batch is written, and after which a failed write is retried. */
const delay = 100;

/** Milliseconds after which a partial write goes on. */
const shortDelay = 5;

/** Bytes of lines that are buffered while they cannot be written (backpressure). Further lines are dropped. */
const maxWaiting = 1024 ** 2;

/** Milliseconds for which a reader may read nothing before the log counts as broken. */
const readerTimeout = 1_000;

/** Milliseconds for which an exiting process waits for its reader. */
const exitTimeout = 500;

/** Why the log cannot be written, by error code. */
const causes: Readonly<Record<string, string>> = {
  EAGAIN: 'nobody reads it',
  EPIPE: 'its reader has left',
  EIO: 'its terminal has gone, or its disk is broken',
  ENOSPC: 'its disk is full',
  EDQUOT: 'its disk quota is used up',
  EFBIG: 'its file is as large as it may become',
};

/** The handle of libuv behind a pipe, a socket or a terminal. */
interface StreamHandle {
  setBlocking(isBlocking: boolean): number;
}

/**
 * Writes lines to standard output in batches. It never blocks and never throws, even with a full disk, a closed terminal,
 * or a pipe whose reader is slow, silent or gone. Its buffer is bounded: further lines are dropped and counted. The rest
 * is written when the process exits.
 */
export class LogOutput {
  private lines = '';
  private readonly waiting: Buffer[] = [];
  private waitingBytes = 0;
  /** Lines lost in this outage. */
  private lost = 0;
  private lostBefore = 0;
  private failure: { readonly code: string; readonly since: number } | undefined;
  /** The error code of an outage, until everything is written. */
  private outage: string | undefined;
  private timer: NodeJS.Timeout | undefined;
  private readonly handle = Reflect.get(process.stdout, '_handle') as StreamHandle | undefined;

  /** Calls `recovered` when lines can be written again, with the number of lost lines and the code of the last error. */
  constructor(private readonly recovered: (lost: number, code: string) => void) {
    process.on('exit', () => this.finish());
  }

  /** How many lines were lost since the start. */
  get linesLost(): number {
    return this.lostBefore + this.lost;
  }

  /** Accepts whole lines only. */
  write(lines: string): void {
    if (this.lines.length + lines.length > batchSize) this.flush();
    this.lines += lines;
    this.flushLater();
  }

  /** Why lines cannot be written, in a sentence; undefined while they can, or only wait for a moment. */
  complaint(): string | undefined {
    if (!this.isBroken()) return undefined;
    const code = this.failure?.code ?? '';
    const cause = causes[code] === undefined ? '' : `: ${causes[code]}`;
    return `The log cannot be written (${code})${cause}. Lines lost so far: ${this.lost}.`;
  }

  private isBroken(): boolean {
    if (!this.failure) return false;
    const { code, since } = this.failure;
    return code !== 'EAGAIN' || this.lost > 0 || performance.now() - since > readerTimeout;
  }

  private flushLater(milliseconds = delay): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.flush();
    }, milliseconds).unref();
  }

  private flush(): void {
    if (this.isBroken()) this.outage ??= this.failure?.code;
    this.addBatch();
    const before = this.waitingBytes;
    const code = this.writeWaiting();
    if (code === undefined) return this.recover();
    const hasWritten = this.waitingBytes < before;
    if (hasWritten || this.failure?.code !== code) this.failure = { code, since: performance.now() };
    if (this.waitingBytes > maxWaiting) this.loseLastBatch();
    this.flushLater(hasWritten ? shortDelay : delay);
  }

  private addBatch(): void {
    if (this.lines === '') return;
    const batch = Buffer.from(this.lines);
    this.lines = '';
    this.waiting.push(batch);
    this.waitingBytes += batch.length;
  }

  /** Writes what can be written. Returns the error code, or undefined if everything was written. */
  private writeWaiting(): string | undefined {
    try {
      for (let batch = this.waiting[0]; batch; batch = this.waiting[0]) {
        // Before each write: the pipe is shared, and a process that is started with it makes it blocking again.
        this.handle?.setBlocking(false);
        const written = writeSync(1, batch);
        if (written === 0) return 'EAGAIN';
        this.waitingBytes -= written;
        if (written < batch.length) this.waiting[0] = batch.subarray(written);
        else this.waiting.shift();
      }
      return undefined;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? 'unknown';
    }
  }

  private recover(): void {
    const { outage, lost } = this;
    this.failure = undefined;
    this.outage = undefined;
    this.lostBefore += lost;
    this.lost = 0;
    if (outage !== undefined) this.recovered(lost, outage);
  }

  private loseLastBatch(): void {
    const batch = this.waiting.pop();
    this.waitingBytes -= batch?.length ?? 0;
    this.lost += String(batch).split('\n').length - 1;
  }

  /** Flushes at exit, so that a slow reader gets the last lines too. */
  private finish(): void {
    const deadline = performance.now() + exitTimeout;
    for (;;) {
      this.flush();
      if (this.waiting.length === 0 && this.lines === '') return;
      if (this.failure && (this.failure.code !== 'EAGAIN' || performance.now() > deadline)) return;
      if (this.failure) sleep(10);
    }
  }
}

function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
