import type { ErrorCode } from '../../domain/errors.js';
import type { Clock, Log } from './environment.js';
import { PortError } from './port-error.js';
import type { RateLimiter } from './rate-limiter.js';
import type { SessionRepository } from './session-repository.js';
import type { TaskRepository } from './task-repository.js';
import type { UserRepository } from './user-repository.js';

// What the use cases need from the world. Every promise of a storage may also be rejected with StorageUnavailable; a
// write whose promise was rejected that way may or may not have happened. It may be rejected with UnreadableData where
// what is stored cannot be read: nothing of that is skipped or overwritten. All other promises here are kept by every
// storage, and test/contracts holds each storage to them.

/** All that is kept, in one place. */
export interface Storage {
  readonly users: UserRepository;
  readonly sessions: SessionRepository;
  readonly tasks: TaskRepository;
  readonly rateLimiter: RateLimiter;
  /** Resolves if the storage can serve something now. */
  check(): Promise<StorageHealth>;
  /** Lets go of connections; no other call follows. */
  close(): Promise<void>;
}

/** How well a storage serves. */
export interface StorageHealth {
  /** What does not work now, in sentences; empty while everything does. */
  readonly reasons: readonly string[];
  /** What its operator had better change, in sentences. */
  readonly warnings: readonly string[];
}

/** What a storage is given when it is created. */
export interface StorageOptions {
  readonly clock: Clock;
  readonly log: Log;
}

/** The one export that makes a module a storage. */
export type CreateStorage = (options: StorageOptions) => Promise<Storage>;

/** The codes of the DomainErrors that a storage rejects with. Whatever else it fails with is StorageUnavailable. */
export const storageRejections = [
  'token_revoked',
  'task_limit_reached',
  'byte_limit_reached',
  'idempotency_key_reused',
  'idempotency_key_limit_reached',
] as const satisfies readonly ErrorCode[];

export type StorageRejection = (typeof storageRejections)[number];

/**
 * The storage is away. `reason` is for the operator's log: a code or a word, never a value that a client sent. `advice` is
 * a sentence about what to do.
 */
export class StorageUnavailable extends PortError {
  constructor(
    readonly reason: string,
    readonly advice = 'Is it running?',
  ) {
    super('storage_unavailable');
  }
}

/** The storage is there, and its data has another layout than this version reads. Nothing of it is read or changed. */
export class UnknownLayout extends StorageUnavailable {}

/** What is stored cannot be read: somebody else, or another version, has written it. It is left as it is. */
export class UnreadableData extends Error {
  override readonly name = 'UnreadableData';

  constructor(
    /** Where it is, for the operator's log; never what it says. */
    readonly key: string,
    /** Which of what is there, by score or id, where that is known. */
    readonly score?: string,
  ) {
    super(`what is stored at ${key} cannot be read`);
  }
}
