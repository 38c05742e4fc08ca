import type { StorageRejection } from '../../application/ports/storage.js';

const ofEnded: readonly StorageRejection[] = ['token_revoked'];

/** With which codes a method refuses. Those that are not here never do: a driver may have a code of the same name. */
const refusals: Readonly<Record<string, readonly StorageRejection[]>> = {
  'users.changePasswordHash': ofEnded,
  'users.deactivate': ['last_administrator'],
  'users.remove': ['last_administrator'],
  'users.removeOwn': [...ofEnded, 'last_administrator'],
  'sessions.list': ofEnded,
  'sessions.endOther': ofEnded,
  'sessions.endAll': ofEnded,
  'tasks.create': [
    ...ofEnded,
    'task_limit_reached',
    'byte_limit_reached',
    'idempotency_key_reused',
    'idempotency_key_limit_reached',
  ],
  'tasks.find': ofEnded,
  'tasks.list': ofEnded,
  'tasks.select': ofEnded,
  'tasks.summary': ofEnded,
  'tasks.update': [...ofEnded, 'task_changed', 'byte_limit_reached'],
  'tasks.remove': [...ofEnded, 'task_changed'],
  'staff.remove': ['last_administrator'],
  'staff.authorise': [...ofEnded, 'not_staff'],
  'staff.act': [...ofEnded, 'not_staff', 'last_administrator'],
};

/** The refusal that the error is, if this method may refuse so. A storage module need not use our error class. */
export function refusalOf(method: string, error: unknown): StorageRejection | undefined {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return refusals[method]?.find((each) => each === code);
}
