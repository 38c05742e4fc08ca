import type { ErrorCode } from '../../../domain/errors.js';
import type { PortErrorCode } from '../../../application/ports/port-error.js';
import { maxPageSize } from '../../../domain/page.js';
import { taskStatuses } from '../../../domain/task.js';
import { maxSearchLength } from '../request/query-parameters.js';
import { ref, type Schema, type SchemaName } from './schemas.js';

/** A response that is no error. */
export interface Success {
  readonly status: 200 | 201 | 304 | 503;
  readonly description: string;
  /** Of the body; undefined if there is none. */
  readonly schema?: Schema;
  /** JSON if not given. */
  readonly mediaType?: string;
  /** Headers that only this response has, with their descriptions. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A parameter in the query or the headers of a request. */
export interface Parameter {
  readonly in: 'query' | 'header';
  readonly name: string;
  readonly description: string;
  readonly schema: Schema;
  /** False for a list with commas. */
  readonly explode?: false;
}

/**
 * What a route is for, for readers and for clients' generators. document.ts adds what follows from the route itself: its
 * path, its security, and the errors that every such route has.
 */
export interface Operation {
  /** A name for generated code, different for every operation. */
  readonly operationId: string;
  readonly tag: keyof typeof tags;
  readonly summary: string;
  readonly description?: string;
  readonly parameters?: readonly Parameter[];
  /** The fields in the body. */
  readonly body?: SchemaName;
  readonly isBodyOptional?: true;
  readonly success: Success;
  /** Further responses that are no errors. */
  readonly others?: readonly Success[];
  /** The errors that this operation has beside those of every such route. */
  readonly errors?: readonly (ErrorCode | PortErrorCode | 'throttled' | 'invalid_key' | 'blacklisted')[];
}

export const tags = {
  Tasks: 'The tasks of the signed-in user.',
  Tokens: 'Sign in, refresh, verify, log out.',
  Account: "The user's own account and its sessions.",
  Administration: 'For staff: the accounts of all users, and what was done to them. Others get 403.',
  Server: 'The server itself.',
} as const;

const message = (description: string, status: 200 | 201 = 200): Success => ({
  status,
  description,
  schema: ref('Message'),
});

/** The header of a response that has an entity tag. */
const taskTag = { ETag: 'The strong entity tag of the task, for If-None-Match and If-Match.' };
const listTag = { ETag: 'The weak entity tag of the list, for If-None-Match.' };

const entityTags = {
  type: 'string',
  pattern: '^(?:\\*|(?:W/)?"[!#-~]*"(?:, ?(?:W/)?"[!#-~]*")*)$',
};
const ifNoneMatch: Parameter = {
  in: 'header',
  name: 'If-None-Match',
  description: 'Entity tags, or `*`: the response is 304 if one of them is that of the response.',
  schema: entityTags,
};
const notModified = (headers: Readonly<Record<string, string>>): Success => ({
  status: 304,
  description: 'Nothing has changed (If-None-Match).',
  headers,
});
const ifMatch: Parameter = {
  in: 'header',
  name: 'If-Match',
  description: 'Entity tags, or `*`: the response is 412 unless one of them is that of the task.',
  schema: entityTags,
};

const signInErrors = ['throttled', 'overloaded', 'storage_unavailable'] as const;
const logoutErrors = ['token_invalid', 'token_wrong_type', 'token_revoked', 'storage_unavailable'] as const;
const passwordErrors = ['account_protected', 'throttled', 'overloaded'] as const;

const staffErrors = ['not_staff', 'storage_unavailable'] as const;
/** What staff do to a user, with their own password unless they have just signed in. */
const staffAct = {
  tag: 'Administration',
  body: 'StaffPassword',
  isBodyOptional: true,
  description:
    'Takes the password of the staff member who asks, unless they have signed in within the last ten minutes.',
} as const;
const staffActErrors = [...staffErrors, 'account_not_found', ...passwordErrors] as const;
const pageOfRecords = (what: string): Parameter => ({
  in: 'query',
  name: 'limit',
  description: `At most so many ${what}. The Link header leads to the next page. Without it, all of them.`,
  schema: { type: 'integer', minimum: 1, maximum: maxPageSize },
});
const linkWithLimit = { Link: 'With `limit`: the next page, as a relative reference (RFC 8288).' };

/** What each route is for. */
export const operations = {
  register: {
    operationId: 'register',
    tag: 'Account',
    summary: 'Register a user',
    body: 'Registration',
    success: message('The user is registered and can sign in.', 201),
    errors: ['registration_closed', ...signInErrors],
  },
  signIn: {
    operationId: 'signIn',
    tag: 'Tokens',
    summary: 'Sign in',
    description: 'Opens a session. Both tokens belong to it, and stop working when it ends.',
    body: 'Credentials',
    success: { status: 200, description: 'The tokens of the new session.', schema: ref('TokenPair') },
    errors: ['invalid_credentials', ...signInErrors],
  },
  refresh: {
    operationId: 'refreshToken',
    tag: 'Tokens',
    summary: 'Get a new access token',
    description:
      'If the response has a refresh token, store it in place of the old one: each works once, and the use of an old one ends the session.',
    body: 'RefreshToken',
    success: { status: 200, description: 'A new access token.', schema: ref('RefreshedTokens') },
    errors: [
      'token_invalid',
      'token_wrong_type',
      'token_revoked',
      'no_active_account',
      'throttled',
      'storage_unavailable',
    ],
  },
  verify: {
    operationId: 'verifyToken',
    tag: 'Tokens',
    summary: 'Verify an access or refresh token',
    body: 'Token',
    success: { status: 200, description: 'The token is good.', schema: ref('Empty') },
    errors: ['blacklisted', 'token_invalid', 'no_active_account', 'storage_unavailable'],
  },
  logout: {
    operationId: 'logout',
    tag: 'Tokens',
    summary: 'Log out',
    description: "Ends the refresh token's session: all of its tokens stop working.",
    body: 'RefreshToken',
    success: message('The session has ended.'),
    errors: logoutErrors,
  },
  blacklist: {
    operationId: 'blacklistToken',
    tag: 'Tokens',
    summary: 'Log out, as with Simple JWT',
    description: "Ends the refresh token's session: all of its tokens stop working.",
    body: 'RefreshToken',
    success: { status: 200, description: 'The session has ended.', schema: ref('Empty') },
    errors: logoutErrors,
  },
  logoutAll: {
    operationId: 'logoutOfAllSessions',
    tag: 'Account',
    summary: 'End all sessions',
    description: 'The session of this request ends, too.',
    success: message('All sessions have ended.'),
  },
  listSessions: {
    operationId: 'listSessions',
    tag: 'Account',
    summary: 'List the sessions',
    success: {
      status: 200,
      description: 'The active sessions, in the order of sign-in.',
      schema: { type: 'array', items: ref('Session') },
    },
  },
  endSession: {
    operationId: 'endSession',
    tag: 'Account',
    summary: 'End a session',
    success: message('The session has ended.'),
    errors: ['session_not_found'],
  },
  changePassword: {
    operationId: 'changePassword',
    tag: 'Account',
    summary: 'Change the password',
    description: 'Ends all other sessions.',
    body: 'PasswordChange',
    success: message('The password is changed.'),
    errors: passwordErrors,
  },
  resetPassword: {
    operationId: 'resetPassword',
    tag: 'Account',
    summary: 'Set a password with a link',
    description: 'The operator makes the link. It works once, for a day. Ends all sessions.',
    body: 'PasswordReset',
    success: message('The password is set.'),
    errors: signInErrors,
  },
  getAccount: {
    operationId: 'getAccount',
    tag: 'Account',
    summary: 'Get the own account',
    success: { status: 200, description: 'The account.', schema: ref('Account') },
  },
  exportAccount: {
    operationId: 'exportAccount',
    tag: 'Account',
    summary: 'Export the account with all sessions and tasks',
    description: 'A stream of JSON lines. If it cannot be completed, the connection breaks.',
    success: {
      status: 200,
      description: 'An object per line: the account, a session or a task, with a `type` before its fields.',
      schema: { type: 'string' },
      mediaType: 'application/x-ndjson',
      headers: { 'Content-Disposition': 'Says that the response is a file, with its name.' },
    },
    errors: ['too_many_reads'],
  },
  deleteAccount: {
    operationId: 'deleteAccount',
    tag: 'Account',
    summary: 'Delete the account, with all of its sessions and tasks',
    body: 'Password',
    success: message('The account is deleted.'),
    errors: [...passwordErrors, 'last_administrator'],
  },
  listUsers: {
    operationId: 'listUsers',
    tag: 'Administration',
    summary: 'List the users',
    description:
      'By id. With `limit`, one request examines 10,000 users at most: a page of a search may be short, or empty, and still have a next one.',
    parameters: [
      pageOfRecords('users'),
      {
        in: 'query',
        name: 'after',
        description: 'Only the users that follow the one with this id.',
        schema: { type: 'integer', minimum: 0, default: 0 },
      },
      {
        in: 'query',
        name: 'search',
        description: 'Only the users whose name contains this text, in upper or lower case.',
        schema: { type: 'string', minLength: 1, maxLength: maxSearchLength },
      },
    ],
    success: {
      status: 200,
      description: 'The users.',
      schema: { type: 'array', items: ref('User') },
      headers: linkWithLimit,
    },
    errors: [...staffErrors, 'too_many_reads'],
  },
  getUser: {
    operationId: 'getUser',
    tag: 'Administration',
    summary: 'Get a user, with what they have in numbers',
    success: { status: 200, description: 'The user.', schema: ref('UserDetails') },
    errors: [...staffErrors, 'account_not_found'],
  },
  activateUser: {
    operationId: 'activateUser',
    tag: 'Administration',
    summary: 'Let a user sign in again',
    success: message('The user is active.'),
    errors: [...staffErrors, 'account_not_found', 'account_protected'],
  },
  deactivateUser: {
    ...staffAct,
    operationId: 'deactivateUser',
    summary: 'Keep a user from signing in, and end their sessions',
    success: message('The user is inactive, and no longer staff.'),
    errors: [...staffActErrors, 'last_administrator'],
  },
  endSessionsOfUser: {
    ...staffAct,
    operationId: 'endSessionsOfUser',
    summary: 'End all sessions of a user',
    success: message('All sessions of the user have ended.'),
    errors: staffActErrors,
  },
  deleteUser: {
    ...staffAct,
    operationId: 'deleteUser',
    summary: 'Delete a user, with all of their sessions and tasks',
    success: message('The user is deleted.'),
    errors: [...staffActErrors, 'last_administrator'],
  },
  getStatistics: {
    operationId: 'getStatistics',
    tag: 'Administration',
    summary: 'Get what is known of the whole service',
    success: { status: 200, description: 'Some numbers.', schema: ref('Statistics') },
    errors: staffErrors,
  },
  listAuditLog: {
    operationId: 'listAuditLog',
    tag: 'Administration',
    summary: 'List what was done to accounts',
    description: 'By staff and at the command line; the latest first. The last 10,000 acts are kept.',
    parameters: [
      pageOfRecords('records'),
      {
        in: 'query',
        name: 'before',
        description: 'Only the records with an id below this one.',
        schema: { type: 'integer', minimum: 0 },
      },
    ],
    success: {
      status: 200,
      description: 'The records.',
      schema: { type: 'array', items: ref('AuditRecord') },
      headers: linkWithLimit,
    },
    errors: [...staffErrors, 'too_many_reads'],
  },
  listTasks: {
    operationId: 'listTasks',
    tag: 'Tasks',
    summary: 'List the tasks',
    description: 'Without `limit`, the list is whole. A parameter that cannot be read counts as missing.',
    parameters: [
      {
        in: 'query',
        name: 'limit',
        description: 'At most so many tasks. The Link header leads to the next page.',
        schema: { type: 'integer', minimum: 1, maximum: maxPageSize },
      },
      {
        in: 'query',
        name: 'after',
        description: 'Only the tasks that follow the one with this id; where they are ordered by id.',
        schema: { type: 'integer', minimum: 0, default: 0 },
      },
      {
        in: 'query',
        name: 'offset',
        description: 'Leaves out so many tasks; with `limit` only. Prefer `after`, which costs less.',
        schema: { type: 'integer', minimum: 0, default: 0 },
      },
      {
        in: 'query',
        name: 'status',
        description: 'Only the tasks with one of these statuses.',
        schema: { type: 'array', items: { type: 'string', enum: taskStatuses }, minItems: 1 },
        explode: false,
      },
      {
        in: 'query',
        name: 'search',
        description: 'Only the tasks whose title or description contains this text, in upper or lower case.',
        schema: { type: 'string', minLength: 1, maxLength: maxSearchLength },
      },
      {
        in: 'query',
        name: 'ordering',
        description: 'By id, title or status; with a minus in reverse. Titles are ordered by code point.',
        schema: {
          type: 'string',
          enum: ['id', '-id', 'title', '-title', 'status', '-status'],
          default: 'id',
        },
      },
      ifNoneMatch,
    ],
    success: {
      status: 200,
      description: 'The tasks.',
      schema: { type: 'array', items: ref('Task') },
      headers: {
        Link: 'With `limit`: the next page, as a relative reference (RFC 8288).',
        'X-Total-Count': 'With `limit`, `status` or `search`: how many tasks there are on all pages.',
        ...listTag,
      },
    },
    others: [notModified(listTag)],
    errors: ['too_many_reads'],
  },
  createTask: {
    operationId: 'createTask',
    tag: 'Tasks',
    summary: 'Create a task',
    parameters: [
      {
        in: 'header',
        name: 'Idempotency-Key',
        description:
          'For a day, requests with the same key create one task in all, so they are safe to repeat.',
        schema: { type: 'string', pattern: '^("?)[!#-\\[\\]-~]{1,255}\\1$' },
      },
    ],
    body: 'TaskDraft',
    success: { status: 201, description: 'The new task.', schema: ref('Task'), headers: taskTag },
    errors: [
      'invalid_key',
      'task_limit_reached',
      'byte_limit_reached',
      'idempotency_key_reused',
      'idempotency_key_limit_reached',
    ],
  },
  getTask: {
    operationId: 'getTask',
    tag: 'Tasks',
    summary: 'Get a task',
    parameters: [ifNoneMatch],
    success: { status: 200, description: 'The task.', schema: ref('Task'), headers: taskTag },
    others: [notModified(taskTag)],
    errors: ['task_not_found'],
  },
  updateTask: {
    operationId: 'updateTask',
    tag: 'Tasks',
    summary: 'Change the given fields of a task',
    parameters: [ifMatch],
    body: 'TaskChanges',
    success: { status: 200, description: 'The whole task.', schema: ref('Task'), headers: taskTag },
    errors: ['task_not_found', 'task_changed', 'byte_limit_reached'],
  },
  deleteTask: {
    operationId: 'deleteTask',
    tag: 'Tasks',
    summary: 'Delete a task',
    parameters: [ifMatch],
    success: message('The task is deleted.'),
    errors: ['task_not_found', 'task_changed'],
  },
  live: {
    operationId: 'live',
    tag: 'Server',
    summary: 'Whether the process is alive',
    success: { status: 200, description: 'It is.', schema: ref('Health') },
  },
  ready: {
    operationId: 'ready',
    tag: 'Server',
    summary: 'Whether the server can serve',
    success: { status: 200, description: 'It can.', schema: ref('Health') },
    others: [{ status: 503, description: 'It cannot, or is stopping.', schema: ref('Health') }],
  },
  publicKeys: {
    operationId: 'publicKeys',
    tag: 'Server',
    summary: 'The keys that verify the tokens',
    description: 'A JSON Web Key Set (RFC 7517); without keys if the algorithm is HS256.',
    success: { status: 200, description: 'The keys.', schema: ref('KeySet') },
  },
  describe: {
    operationId: 'describe',
    tag: 'Server',
    summary: 'This description',
    success: {
      status: 200,
      description: 'An OpenAPI 3.1 document.',
      schema: { type: 'object', additionalProperties: true },
    },
  },
} as const satisfies Readonly<Record<string, Operation>>;

/** The same operation on another path, under another name. */
export function sameAs(operation: Operation, operationId: string): Operation {
  return { ...operation, operationId };
}
