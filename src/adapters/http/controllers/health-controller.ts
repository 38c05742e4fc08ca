import { StorageUnavailable, type Storage, type StorageHealth } from '../../../application/ports/storage.js';
import type { Handler } from '../context.js';
import { reply } from '../response/reply.js';

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
  startDraining(): void {
    this.stopping = true;
  }

  /** Whether the process lives: never asks the storage. */
  readonly live: Handler = async (ctx) => {
    reply(ctx, 200, { status: 'live' });
  };

  /**
   * Whether requests should be sent here: 503 while stopping, and while the storage can serve nothing; 200 also if something
   * does not work. With the reasons, and with what the operator had better change.
   */
  readonly ready: Handler = async (ctx) => {
    if (this.stopping) return reply(ctx, 503, { status: 'stopping' });
    const { canServe, reasons, warnings } = await this.checkStorage();
    const all = [...reasons, ...this.complaints.map((complaint) => complaint())].filter(
      (each) => each !== undefined,
    );
    const state = all.length > 0 ? { status: 'degraded', reasons: all } : { status: 'ready' };
    reply(ctx, canServe ? 200 : 503, { ...state, ...(warnings.length > 0 && { warnings }) });
  };

  private async checkStorage(): Promise<StorageHealth & { readonly canServe: boolean }> {
    try {
      return { canServe: true, ...(await this.storage.check()) };
    } catch (error) {
      const { reason, advice } =
        error instanceof StorageUnavailable ? error : new StorageUnavailable('error');
      return {
        canServe: false,
        reasons: [`The storage does not answer (${reason}). ${advice}`],
        warnings: [],
      };
    }
  }
}
