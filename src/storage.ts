// What the author of a storage needs, as the package `hexado/storage`: docs/storage-authors.md.
import type { StorageRejection } from './application/ports/storage.js';
import { DomainError } from './domain/errors.js';

export type { Archive, ArchivedTaskPage, ImportedUser } from './application/ports/archive.js';
export type { Clock, Log } from './application/ports/environment.js';
export type {
  LimitSubject,
  RateLimiter,
  ReachedLimit,
  ReachedLimits,
} from './application/ports/rate-limiter.js';
export type { SessionRef, SessionRepository } from './application/ports/session-repository.js';
export type { StaffActRecord, StaffRepository } from './application/ports/staff-repository.js';
export {
  storageRejections,
  StorageUnavailable,
  UnknownLayout,
  UnreadableData,
  type CreateStorage,
  type Finding,
  type Storage,
  type StorageHealth,
  type StorageOptions,
  type StorageRejection,
} from './application/ports/storage.js';
export type {
  CreateTaskOptions,
  IdempotencyKey,
  TaskRepository,
  UpdateTaskOptions,
} from './application/ports/task-repository.js';
export type { UserRepository } from './application/ports/user-repository.js';

export {
  auditedAs,
  maxAuditRecords,
  type AuditPage,
  type AuditRecord,
  type NewAuditRecord,
} from './domain/audit.js';
export { maxPageBytes, maxPageSize, type Page } from './domain/page.js';
export { opensWith, type PasswordLink } from './domain/password-link.js';
export {
  countAttempt,
  giveBackAttempt,
  type Attempt,
  type CountedAttempts,
  type RateLimit,
} from './domain/rate-limit.js';
export {
  isAdoptable,
  isUnexpired,
  rotate,
  type RefreshGeneration,
  type Rotation,
  type RotationRequest,
  type Session,
} from './domain/session.js';
export { staffActs, takesRight, type StaffAct } from './domain/staff.js';
export {
  compareTasks,
  maxRank,
  type TaskOrder,
  type TaskPosition,
  type TaskQuery,
  type TaskSelection,
} from './domain/task-query.js';
export { TaskSelector, type ReadPage, type TaskReader } from './domain/task-selector.js';
export {
  maxTitleLength,
  nextRevision,
  taskStatuses,
  type Task,
  type TaskChanges,
  type TaskDraft,
  type TaskLimits,
  type TaskPage,
  type TaskStatus,
  type TaskSummary,
} from './domain/task.js';
export { maxUsernameLength, type NewUser, type User } from './domain/user.js';

/** Throws the refusal that the caller of a method may know, such as 'token_revoked'. */
export function refuse(code: StorageRejection): never {
  throw new DomainError(code);
}
