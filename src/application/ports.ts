import type { ErrorCode } from '../domain/errors.js';
import type { Limit } from '../domain/limit.js';
import type { Client } from './client.js';
import type { Page } from '../domain/page.js';
import type { RotationRequest, Session, TokenClaims } from '../domain/session.js';
import type { Task, TaskChanges, TaskDraft, TaskLimits, TaskPage } from '../domain/task.js';
import type { NewUser, User } from '../domain/user.js';

// What the use cases need from the world. Every promise of a storage may also be rejected with StorageUnavailable; a
// write whose promise was rejected that way may or may not have happened. It may be rejected with UnreadableData where
// what is stored cannot be read: nothing of that is skipped or overwritten. All other promises here are kept by every
// storage, and test/contracts holds each storage to them.

/** A user's session, from a verified access token. Only the storage knows whether it is still active. */
export interface SessionRef {
  readonly userId: number;
  readonly sessionId: string;
}

/**
 * Accounts. Ids count up from 1 and are never given twice. What is done `by` a session rejects with 'token_revoked', and
 * changes nothing, unless that session is active in the same step.
 */
export interface UserRepository {
  /** Adds an active user, or answers undefined if the name is taken. Of any number of concurrent calls with one name, exactly one adds. */
  add(user: NewUser): Promise<User | undefined>;
  find(id: number): Promise<User | undefined>;
  findByName(username: string): Promise<User | undefined>;
  /** The users on this page, in the order of ids; fewer than `limit` only at the end of the list. */
  list(page: Page): Promise<readonly User[]>;
  /** Stores the same password hashed anew, unless its hash is no longer `from`. Sessions stay. */
  replacePasswordHash(id: number, from: string, to: string): Promise<void>;
  /** Sets a new password and ends all of the user's sessions, in one step. False if there is no such user. */
  setPasswordHash(id: number, hash: string): Promise<boolean>;
  /**
   * Sets a new password of the session's user and ends all of their other sessions, in one step, provided the hash of the
   * old one is still `from`; answers whether it was.
   */
  changePasswordHash(by: SessionRef, from: string, to: string): Promise<boolean>;
  /** Lets the user sign in again; sessions that ended stay ended. False if there is no such user. */
  activate(id: number): Promise<boolean>;
  /** Makes the user inactive and ends all of their sessions, in one step. False if there is no such user. */
  deactivate(id: number): Promise<boolean>;
  /** Deletes the user, their sessions and their tasks in one step, and sets the name free. False if there is no such user. */
  remove(id: number): Promise<boolean>;
  /** The same for the session's own user. */
  removeOwn(by: SessionRef): Promise<boolean>;
}

/**
 * Sessions: a token is good only while its session is active here. An expired session is as good as none. What is done
 * `by` a session rejects with 'token_revoked', and changes nothing, unless that session is active in the same step.
 */
export interface SessionRepository {
  /**
   * Opens the session, provided its user is active and still has this password hash; answers undefined otherwise.
   * However a sign-in races a deactivation, a deletion or a new password, no session is left open behind it.
   * Where otherwise more than `limit` of the user's sessions would be active, ends the least recently used, of equal ones
   * those that were opened first; answers how many.
   */
  open(session: Session, passwordHash: string, limit: number): Promise<number | undefined>;
  /** The session, if it is active. */
  find(session: SessionRef): Promise<Session | undefined>;
  /** The active sessions of the session's user, in the order in which they were opened, within a second as well. */
  list(by: SessionRef): Promise<readonly Session[]>;
  /** Records that the session was used `at` this second, unless it has ended or was used later. */
  touch(session: SessionRef, at: number): Promise<void>;
  /**
   * Makes `next` the session's current refresh token if `presented` still is, as `rotate` of the domain decides with this
   * `grace`, and answers the session as it is then. A reused token ends the session. Of any number of concurrent callers
   * that present the same token, exactly one makes a step.
   */
  rotate(session: SessionRef, rotation: RotationRequest): Promise<Session | 'reused' | 'gone'>;
  /** Ends the session; answers whether it was there to end. */
  end(session: SessionRef): Promise<boolean>;
  /** Ends a session of the same user, which may be this very one; answers whether it was there to end. */
  endOther(by: SessionRef, sessionId: string): Promise<boolean>;
  /** Ends all sessions of the session's user, this one included, in one step. */
  endAll(by: SessionRef): Promise<void>;
}

/**
 * The tasks of one user. Every call rejects with 'token_revoked', and does nothing, unless the session is active: a change
 * checks that in the same step, and nothing else is told before. A user's ids count up from 1 and are never given twice,
 * also not after a deletion.
 */
export interface TaskRepository {
  /**
   * Rejects with 'task_limit_reached' or 'byte_limit_reached' if the user would have more than `limits` allow; concurrent
   * calls do not get past them either.
   * Of any number of calls of the user with the same `idempotency.key` within a day, exactly one creates a task, and all
   * answer it as it was created, whatever became of it. Rejects with 'request_key_reused' if the key came with another
   * fingerprint. As many keys of a user as `limits` allow are remembered, each for a day and none for more than 25 hours;
   * one more rejects with 'request_limit_reached'.
   */
  create(session: SessionRef, draft: TaskDraft, options: CreateTaskOptions): Promise<Task>;
  find(session: SessionRef, id: number): Promise<Task | undefined>;
  /**
   * The tasks on this page, at least one if there is one. The page ends at `limit`, or with the task by which the titles
   * and descriptions on it pass `maxPageBytes`; `hasMore` says whether there are tasks behind it.
   */
  list(session: SessionRef, page: Page): Promise<TaskPage>;
  /**
   * Sets the given fields and no others, in one step; answers the task as it is then. Rejects with 'byte_limit_reached' if
   * it makes the task longer and the user's texts would pass `maxBytes` together.
   */
  update(session: SessionRef, id: number, changes: TaskChanges, maxBytes: number): Promise<Task | undefined>;
  /** Deletes the task; answers whether it was there to delete. */
  remove(session: SessionRef, id: number): Promise<boolean>;
}

export interface CreateTaskOptions {
  readonly limits: TaskLimits;
  readonly idempotency?: IdempotencyKey | undefined;
}

/** What makes a request safe to send again. Both texts are digests. */
export interface IdempotencyKey {
  /** What the client calls the request. */
  readonly key: string;
  /** What the request asks for. */
  readonly fingerprint: string;
}

/** Counts attempts, together for all processes that share the storage. Keys are short texts of printable ASCII. */
export interface Throttle {
  /**
   * Counts an attempt if the limit has room for it, as `countAttempt` of the domain decides, and answers 0; otherwise
   * counts nothing and answers after how many seconds there will be room. Of any number of concurrent attempts, no more
   * count than there is room for. What no longer counts need not be kept.
   */
  count(key: string, limit: Limit): Promise<number>;
  /** Counts one attempt less, as `giveBackAttempt` of the domain decides, if any of the key are counted. */
  giveBack(key: string): Promise<void>;
  /** Forgets the attempts that were counted, and trusts the key for so many seconds. */
  trust(key: string, lifetime: number): Promise<void>;
  isTrusted(key: string): Promise<boolean>;
}

/** How well a storage serves. */
export interface StorageHealth {
  /** What does not work now, in sentences; empty while everything does. */
  readonly reasons: readonly string[];
  /** What its operator had better change, in sentences. */
  readonly warnings: readonly string[];
}

/** All that is kept, in one place. */
export interface Storage {
  readonly users: UserRepository;
  readonly sessions: SessionRepository;
  readonly tasks: TaskRepository;
  readonly throttle: Throttle;
  /** Resolves if the storage can serve something now. */
  check(): Promise<StorageHealth>;
  /** Lets go of connections; no other call follows. */
  close(): Promise<void>;
}

/** The codes of the DomainErrors that a storage rejects with. Whatever else it fails with is StorageUnavailable. */
export const storageRejections = [
  'token_revoked',
  'task_limit_reached',
  'byte_limit_reached',
  'request_key_reused',
  'request_limit_reached',
] as const satisfies readonly ErrorCode[];

export type StorageRejection = (typeof storageRejections)[number];

/** What a storage is given when it is created. */
export interface StorageOptions {
  readonly clock: Clock;
  readonly log: Log;
}

/** The one export that makes a module a storage. */
export type CreateStorage = (options: StorageOptions) => Promise<Storage>;

/** For whom a password is hashed. */
export interface Requester {
  readonly client: Client;
  /** Whether the user is known to come from the client's network. */
  readonly isTrusted: boolean;
}

/**
 * Hashes passwords. Where more are to be hashed than can be at once, they wait: the networks of the clients take turns,
 * and those that are trusted come first. Without a requester it is for the operator. Rejected with the code 'overloaded'
 * when too many are waiting, or when the client disconnects before its turn.
 */
export interface PasswordHasher {
  hash(password: string, requester?: Requester): Promise<string>;
  /** Compares in the same time whether there is a hash to compare with or not; without one the answer is false. */
  verify(password: string, hash: string | undefined, requester?: Requester): Promise<boolean>;
  /** Whether this hash was made with other settings than are in force now. */
  isOutdated(hash: string): boolean;
}

/** Turns claims into tokens and back. */
export interface TokenSigner {
  /** Throws 'token_invalid' if the token would have expired already. */
  sign(claims: TokenClaims): string;
  /**
   * The claims of a token that we signed, that is unchanged and in its time; undefined for anything else. The clock of
   * the server that issued it may be up to five seconds ahead.
   */
  verify(token: string): TokenClaims | undefined;
  /** What others need to verify our tokens, as JSON Web Keys (RFC 7517); nothing if only we can. */
  publicKeys(): readonly object[];
}

/** Makes a short text of any text; nobody can find two texts for which it is the same. */
export type Digest = (text: string) => string;

/** Seconds since the epoch, with fractions. */
export type Clock = () => number;

/** 32 lower-case hexadecimal digits from a cryptographic source, new each time. */
export type NewId = () => string;

/** Structured log lines. Input never hold passwords, tokens, keys or bodies. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

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
