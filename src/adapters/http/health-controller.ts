import type { Storage } from '../../application/ports.js';
import { answer } from './answer.js';
import type { Action } from './context.js';

/** Answers those who watch over the process. */
export class HealthController {
  private stopping = false;

  constructor(private readonly storage: Pick<Storage, 'check'>) {}

  /** From now on the process is not ready, because it is about to stop. */
  announceStop(): void {
    this.stopping = true;
  }

  /** Whether the process lives: never asks the storage. */
  readonly live: Action = async (ctx) => {
    answer(ctx, 200, { status: 'live' });
  };

  /** Whether requests should be sent here: 503 while stopping, and while the storage is away. With what its operator had better change. */
  readonly ready: Action = async (ctx) => {
    if (this.stopping) return answer(ctx, 503, { status: 'stopping' });
    try {
      const warnings = await this.storage.check();
      answer(ctx, 200, { status: 'ready', ...(warnings.length > 0 && { warnings }) });
    } catch {
      answer(ctx, 503, { status: 'storage unavailable' });
    }
  };
}
