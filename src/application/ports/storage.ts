import type { ErrorCode } from '../../domain/errors.js';
import type { Archive } from './archive.js';
import type { Clock, Log } from './environment.js';
import { PortError } from './port-error.js';
import type { RateLimiter } from './rate-limiter.js';
import type { SessionRepository } from './session-repository.js';
import type { StaffRepository } from './staff-repository.js';
import type { TaskRepository } from './task-repository.js';
import type { UserRepository } from './user-repository.js';

/**
 * Where users, sessions, tasks, rate limits and staff are stored. src/storage-contract holds every storage to what these
 * ports promise.
 *
 * Every method may also reject with StorageUnavailable: then a write may or may not have happened. It may reject with
 * UnreadableData where stored data cannot be read: such data is neither skipped nor overwritten.
 *
 * Every method is one step, unless it says otherwise: whoever sees one of its effects sees all. A call that begins when
 * another one has resolved sees what that one has done. Where there is no such user or task, a method changes nothing,
 * and resolves to undefined, false, zeros or an empty list.
 *
 * Texts that come in are well-formed Unicode without U+0000. They are stored and compared as they are, to the last code
 * point: in their case, in their normal form, with blanks and U+FEFF at their ends, and never as a pattern. Numbers are
 * finite, but for limits, which may be `Infinity`. Ids, and times in whole seconds, are safe integers, of more than 32
 * bits. Other times are stored to the last bit. What is stored is returned with the same fields: one that is absent is
 * not there. Arguments belong to the caller, who may use them again: a method does not change them.
 *
 * Times are those of the arguments and of `clock`, which is asked at each call. It may be set back, and the clocks of
 * processes disagree by a few seconds. Only to delete what no longer counts may a storage go by a clock of its own.
 */
export interface Storage {
  readonly users: UserRepository;
  readonly sessions: SessionRepository;
  readonly tasks: TaskRepository;
  readonly rateLimiter: RateLimiter;
  readonly archive: Archive;
  readonly staff: StaffRepository;
  /** How well the storage works now. Rejects with StorageUnavailable if it can serve nothing. */
  check(): Promise<StorageHealth>;
  /** What an operator should know beyond `check`, for `hexado check`. A storage that knows nothing leaves it out. */
  inspect?(): Promise<readonly Finding[]>;
  /** Closes all connections. No other call follows. */
  close(): Promise<void>;
}

/** How well a storage works. */
export interface StorageHealth {
  /** What does not work now, as sentences. Empty while everything works. */
  readonly reasons: readonly string[];
  /** What its operator should change, as sentences. */
  readonly warnings: readonly string[];
}

/** Something that was looked at. */
export interface Finding {
  /** A `warning` should be mended; a `problem` keeps something from working. */
  readonly level: 'ok' | 'warning' | 'problem';
  /** A word, such as `memory`. */
  readonly about: string;
  /** A sentence; it says what to do unless the level is `ok`. Never holds a secret. */
  readonly message: string;
}

/** What a storage gets when it is created. */
export interface StorageOptions {
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * A storage module exports one function of this type, `createStorage`. It may take half a minute, and create what it
 * needs in a database, while other processes do the same. It need not reach the database yet: until it does, calls
 * reject with StorageUnavailable. If it rejects with that itself, it is called again later, so it leaves nothing open.
 * Storages that are created with the same settings share all data; nothing else is shared.
 */
export type CreateStorage = (options: StorageOptions) => Promise<Storage>;

/**
 * The codes of the DomainErrors that a storage may reject with. Any other failure is StorageUnavailable or
 * UnreadableData.
 */
export const storageRejections = [
  'token_revoked',
  'task_changed',
  'task_limit_reached',
  'byte_limit_reached',
  'idempotency_key_reused',
  'idempotency_key_limit_reached',
  'not_staff',
  'last_administrator',
] as const satisfies readonly ErrorCode[];

export type StorageRejection = (typeof storageRejections)[number];

/**
 * The storage is unavailable. `reason` is for the operator's log: a code or a few words, never a value that a client
 * sent. `advice` is a sentence about what to do. Of `cause`, which may be any error, nothing but its code is logged.
 */
export class StorageUnavailable extends PortError {
  override readonly name: string = 'StorageUnavailable';
  readonly advice: string;

  constructor(
    readonly reason: string,
    { advice = 'Is it running?', ...options }: ErrorOptions & { readonly advice?: string | undefined } = {},
  ) {
    super('storage_unavailable', reason, options);
    this.advice = advice;
  }
}

/**
 * The storage can be reached, but its data has a layout that this version does not know. None of it is read or changed.
 * The reason goes on from "The storage has": `data of layout 9`. If this happens at the start, the server ends.
 */
export class UnknownLayout extends StorageUnavailable {
  override readonly name = 'UnknownLayout';
}

/** Stored data cannot be read: another program or another version has written it. It is left unchanged. */
export class UnreadableData extends Error {
  override readonly name = 'UnreadableData';

  constructor(
    /** Where the data is, for the operator's log; never its content. */
    readonly key: string,
    /** Which entry under that key, by its score or id, if that is known. */
    readonly score?: string,
  ) {
    super(`what is stored at ${key} cannot be read`);
  }
}
