import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { inProject } from '../project.js';

/** Notes how long a server takes to say that it lives, asked again and again: as long as its event loop is blocked. */
export class Pinger {
  private readonly child: ChildProcess;

  constructor(port: number) {
    this.child = fork(inProject('dist/bench/grow/ping.js'), [String(port)]);
  }

  /** Waits for `duration` milliseconds, and returns the longest that a ping took since the last call. */
  async longest(duration: number): Promise<number> {
    await setTimeout(duration);
    const reply = once(this.child, 'message') as Promise<[number]>;
    this.child.send('longest?');
    const [longest] = await reply;
    return longest;
  }

  stop(): void {
    this.child.disconnect();
  }
}
