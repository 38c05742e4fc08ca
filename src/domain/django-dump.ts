import { BadRecord } from './archive.js';
import { checkText, InvalidFields, validateAll, type Validated } from './input.js';
import type { TokenClaims } from './session.js';
import { maxTitleLength, taskStatuses, type Task, type TaskStatus } from './task.js';
import { checkUsername, noPassword, type User } from './user.js';

/** A user of Django. */
export interface DjangoUser {
  readonly kind: 'user';
  /** With the name as Hexado stores it. The hash is Django's. */
  readonly user: User;
  readonly isStaff: boolean;
  readonly isSuperuser: boolean;
}

/** A task of the replaced backend. */
export interface DjangoTask {
  readonly kind: 'task';
  readonly task: Task;
  /** The owner's id or, with natural keys, their name; undefined for a task without an owner. */
  readonly owner: number | string | undefined;
}

/** A refresh token that Django has issued, as the claims that it has. */
export interface DjangoToken {
  readonly kind: 'token';
  /** What a blacklisted token names it by. */
  readonly key: number;
  /** Undefined for a token whose user is gone. */
  readonly claims: TokenClaims | undefined;
}

/** A token that was logged out, or rotated out. */
export interface DjangoBlacklistedToken {
  readonly kind: 'blacklisted';
  /** The key of the token. */
  readonly key: number;
}

/** A record of another model, which is not moved. */
export interface OtherRecord {
  readonly kind: 'other';
  readonly model: string;
}

/**
 * Parses a record of `manage.py dumpdata`. Texts are trimmed, as in requests. Throws BadRecord, with the names of the
 * fields that Hexado cannot store.
 */
export function parseDjangoRecord(
  record: unknown,
): DjangoUser | DjangoTask | DjangoToken | DjangoBlacklistedToken | OtherRecord {
  const { model, pk, fields } = asObject(record);
  if (typeof model !== 'string') throw new BadRecord('no_record');
  switch (model.toLowerCase()) {
    case 'auth.user':
      return parseUser(pk, asObject(fields));
    case 'tasks.task':
      return parseTask(pk, asObject(fields));
    case 'token_blacklist.outstandingtoken':
      return parseToken(pk, asObject(fields));
    case 'token_blacklist.blacklistedtoken':
      return { kind: 'blacklisted', key: requireValid({ token: checkId(asObject(fields)['token']) }).token };
    default:
      return { kind: 'other', model };
  }
}

function parseUser(pk: unknown, fields: Readonly<Record<string, unknown>>): DjangoUser {
  const { username, password, is_active, date_joined, is_staff, is_superuser } = fields;
  const valid = requireValid({
    pk: checkId(pk),
    username: checkUsername(username),
    password: checkHash(password),
    is_active: checkFlag(is_active),
    date_joined: checkDate(date_joined),
  });
  const hasPassword = valid.password !== '' && !valid.password.startsWith(noPassword);
  const user: User = {
    id: valid.pk,
    username: valid.username,
    passwordHash: hasPassword ? valid.password : noPassword,
    active: valid.is_active,
    createdAt: valid.date_joined,
  };
  return { kind: 'user', user, isStaff: is_staff === true, isSuperuser: is_superuser === true };
}

function parseTask(pk: unknown, fields: Readonly<Record<string, unknown>>): DjangoTask {
  const { title, description, status, user, owner = user } = fields;
  const {
    pk: id,
    owner: validOwner,
    ...texts
  } = requireValid({
    pk: checkId(pk),
    title: checkText(title, { maxLength: maxTitleLength }),
    description: checkText(description),
    status: checkStatus(status),
    owner: checkOwner(owner),
  });
  return { kind: 'task', task: { id, ...texts }, owner: validOwner };
}

function parseToken(pk: unknown, fields: Readonly<Record<string, unknown>>): DjangoToken {
  const { user, jti, created_at, expires_at } = fields;
  const valid = requireValid({
    pk: checkId(pk),
    user: checkOptionalId(user ?? undefined),
    jti: checkText(jti),
    created_at: created_at === null ? { value: 0 } : checkDate(created_at),
    expires_at: checkDate(expires_at),
  });
  const { user: userId, jti: id } = valid;
  const [issuedAt, expiresAt] = [Math.floor(valid.created_at), Math.floor(valid.expires_at)];
  const claims = { type: 'refresh', id, sessionId: id, issuedAt, expiresAt, isLegacy: true } as const;
  return {
    kind: 'token',
    key: valid.pk,
    claims: userId === undefined ? undefined : { ...claims, userId },
  };
}

/** In UTF-16 code units. Django's own column has room for 128. */
const maxHashLength = 1024;

const invalid = { issues: [] };

const checkThat =
  <T>(isValid: (value: unknown) => value is T) =>
  (value: unknown): Validated<T> =>
    isValid(value) ? { value } : invalid;
const isId = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) > 0;
const checkId = checkThat(isId);
const checkOptionalId = checkThat((value): value is number | undefined => value === undefined || isId(value));
const checkFlag = checkThat((value) => typeof value === 'boolean');
const checkHash = checkThat(
  (value): value is string => typeof value === 'string' && value.length <= maxHashLength,
);
const checkStatus = checkThat((value): value is TaskStatus =>
  taskStatuses.some((status) => status === value),
);

function checkOwner(owner: unknown): Validated<number | string | undefined> {
  if (owner === undefined || owner === null) return { value: undefined };
  if (isId(owner)) return { value: owner };
  const [name, ...more]: unknown[] = Array.isArray(owner) ? owner : [];
  return more.length === 0 ? checkUsername(name) : invalid;
}

/** Django writes no time zone where its setting USE_TZ is off. Such a time counts as UTC. */
function checkDate(value: unknown): Validated<number> {
  const [, time, zone] =
    /^(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?)(Z|[+-]\d\d:\d\d)?$/.exec(String(value)) ?? [];
  const milliseconds = Date.parse(`${time?.replace(' ', 'T')}${zone ?? 'Z'}`);
  return Number.isNaN(milliseconds) ? invalid : { value: milliseconds / 1000 };
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) throw new BadRecord('no_record');
  return value as Readonly<Record<string, unknown>>;
}

/** The values of the fields. Throws BadRecord with the names of those that are invalid. */
function requireValid<T extends object>(fields: { readonly [K in keyof T]: Validated<T[K]> }): T {
  try {
    return validateAll<T>(fields);
  } catch (error) {
    if (error instanceof InvalidFields) throw new BadRecord('invalid_fields', Object.keys(error.issues));
    throw error;
  }
}
