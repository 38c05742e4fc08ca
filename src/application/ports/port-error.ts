/** Why a port could not do its work, by name. */
export type PortErrorCode =
  /** The storage did not answer; whether a write took place is unknown. */
  | 'storage_unavailable'
  /** More work is waiting than can be done in reasonable time; nothing was done. */
  | 'overloaded';

/** A port that could not do its work. */
export class PortError extends Error {
  override readonly name = 'PortError';

  constructor(readonly code: PortErrorCode) {
    super(code);
  }
}
