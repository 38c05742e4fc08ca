import { StorageUnavailable, type Storage, type StorageHealth } from '../../../application/ports/storage.js';
import type { Handler } from '../context.js';
import { reply } from '../response/reply.js';

/** Says in one sentence what is degraded now, apart from the storage; undefined while nothing is. */
export type Degradation = () => string | undefined;

/** Handlers for liveness and readiness probes. */
export class HealthController {
  private draining = false;

  constructor(
    private readonly storage: Pick<Storage, 'check'>,
    private readonly degradations: readonly Degradation[],
  ) {}

  /** Graceful shutdown begins: from now on the process is not ready. */
  startDraining(): void {
    this.draining = true;
  }

  /** Whether a graceful shutdown has begun. */
  get isDraining(): boolean {
    return this.draining;
  }

  /** Liveness: 200, without asking the storage. */
  readonly live: Handler = async (ctx) => {
    reply(ctx, 200, { status: 'live' });
  };

  /**
   * Readiness: 503 while draining and while the storage cannot serve; 200 otherwise, even if degraded. The body gives the
   * reasons, and warnings about settings that the operator should change.
   */
  readonly ready: Handler = async (ctx) => {
    if (this.draining) return reply(ctx, 503, { status: 'stopping' });
    const { canServe, reasons, warnings } = await this.checkStorage();
    const all = [...reasons, ...this.degradations.map((degradation) => degradation())].filter(
      (each) => each !== undefined,
    );
    const state = all.length > 0 ? { status: 'degraded', reasons: all } : { status: 'ready' };
    reply(ctx, canServe ? 200 : 503, { ...state, ...(warnings.length > 0 && { warnings }) });
  };

  /** How well the storage works, and whether it can serve at all. */
  async checkStorage(): Promise<StorageHealth & { readonly canServe: boolean }> {
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
