import { EventEmitter, once } from 'node:events';
import type { Log } from '../../src/application/ports/environment.js';

/** A log that keeps its lines, and that can be waited for. */
export class RecordedLog implements Log {
  readonly lines: { readonly fields: object; readonly message: string }[] = [];
  private readonly written = new EventEmitter();

  readonly info = (fields: object, message: string): void => this.write(fields, message);
  readonly debug = this.info;
  readonly warn = this.info;
  readonly error = this.info;

  /** The messages that contain the text. */
  messages(text: string): string[] {
    return this.lines.map(({ message }) => message).filter((message) => message.includes(text));
  }

  /** Resolves once the text has been in so many messages. */
  async waitFor(text: string, times = 1): Promise<void> {
    while (this.messages(text).length < times) await once(this.written, 'line');
  }

  private write(fields: object, message: string): void {
    this.lines.push({ fields, message });
    this.written.emit('line');
  }
}
