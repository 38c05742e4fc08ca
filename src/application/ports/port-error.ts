/** Why a port could not do its work, as a code. */
export type PortErrorCode =
  /** The storage did not respond. Whether a write happened is unknown. */
  | 'storage_unavailable'
  /** More work is waiting than can be done in reasonable time. Nothing was done. */
  | 'overloaded';

/** A port that could not do its work. */
export class PortError extends Error {
  override readonly name: string = 'PortError';

  constructor(
    readonly code: PortErrorCode,
    message: string = code,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
