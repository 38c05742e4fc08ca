import type { Storage } from '../../application/ports.js';
import { answer } from './answer.js';
import type { Action } from './context.js';

/** Tells, in a sentence, what else than the storage does not work now; undefined while it does. */
export type Complaint = () => string | undefined;

/** Answers those who watch over the process. */
export class HealthController {
  private stopping = false;

  constructor(
    private readonly storage: Pick<Storage, 'check'>,
    private readonly complaints: readonly Complaint[],
  ) {}

  /** From now on the process is not ready, because it is about to stop. */
  announceStop(): void {
    this.stopping = true;
  }

  /** Whether the process lives: never asks the storage. */
  readonly live: Action = async (ctx) => {
    answer(ctx, 200, { status: 'live' });
  };

  /**
   * Whether requests should be sent here: 503 while stopping, and while the storage is away; 200 also if something else
   * does not work, with the reasons. With what the operator of the storage had better change.
   */
  readonly ready: Action = async (ctx) => {
    if (this.stopping) return answer(ctx, 503, { status: 'stopping' });
    try {
      const warnings = await this.storage.check();
      const reasons = this.complaints.map((complaint) => complaint()).filter((each) => each !== undefined);
      const state = reasons.length > 0 ? { status: 'degraded', reasons } : { status: 'ready' };
      answer(ctx, 200, { ...state, ...(warnings.length > 0 && { warnings }) });
    } catch {
      answer(ctx, 503, { status: 'storage unavailable' });
    }
  };
}
