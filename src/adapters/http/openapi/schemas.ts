import { auditedAs } from '../../../domain/audit.js';
import { maxTitleLength, taskStatuses } from '../../../domain/task.js';
import { maxPasswordLength, maxUsernameLength } from '../../../domain/user.js';

/** A JSON Schema of draft 2020-12, which OpenAPI 3.1 uses. */
export type Schema = Readonly<Record<string, unknown>>;

/** A text with something else than white space, and without U+0000 (docs/api.md, section 4). */
const text = {
  type: 'string',
  minLength: 1,
  pattern:
    '^[^\\u0000]*[^\\u0000\\t-\\r\\u001c-\\u0020\\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000][^\\u0000]*$',
};
const message = { type: 'string', minLength: 1 };
const messages = { type: 'array', items: message, minItems: 1 };
export const id = { type: 'integer', minimum: 1 };
const status = { type: 'string', enum: taskStatuses, description: 'How far the task is.' };
const title = {
  ...text,
  maxLength: maxTitleLength,
  description: 'White space at the ends is removed. The length counts code points.',
  examples: ['Buy milk'],
};
const description = { ...text, examples: ['Two bottles'] };
const username = {
  type: 'string',
  minLength: 1,
  maxLength: maxUsernameLength,
  pattern: '^[\\p{L}\\p{N}_.@+\\-]+$',
  description: 'Letters, digits and @ . + - _; compared after NFKC normalisation.',
  examples: ['ada'],
};
const newPassword = {
  ...text,
  maxLength: maxPasswordLength,
  description:
    'At least 8 characters; not a common password, not only digits, and not similar to the username.',
  examples: ['Tr0ubadour & kite'],
};
const password = { ...text, examples: ['Tr0ubadour & kite'] };
const token = {
  ...text,
  description: 'A JSON Web Token.',
  examples: ['eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.c2ln'],
};
const dateTime = { type: 'string', format: 'date-time', examples: ['2026-01-31T12:00:00Z'] };
export const sessionId = { type: 'string', pattern: '^[0-9a-f]{32}$' };

const account = { id, username: message, date_joined: dateTime };
const user = {
  ...account,
  is_active: { type: 'boolean', description: 'Whether the user can sign in.' },
  is_staff: { type: 'boolean', description: 'Whether the user may administer others.' },
};
const count = { type: 'integer', minimum: 0 };

function object(properties: Record<string, Schema>, optional: readonly string[] = []): Schema {
  return {
    type: 'object',
    properties,
    required: Object.keys(properties).filter((name) => !optional.includes(name)),
  };
}

/** The schemas that the document names. */
export const schemas = {
  Task: object({ id, title: message, description: message, status }),
  TaskDraft: object({ title, description, status: { ...status, description: 'pending if it is missing.' } }, [
    'status',
  ]),
  TaskChanges: object({ title, description, status }, ['title', 'description', 'status']),
  Registration: object({ username, password: newPassword }),
  Credentials: object({ username: { ...text, examples: ['ada'] }, password }),
  RefreshToken: object({ refresh: token }),
  Token: object({ token }),
  PasswordChange: object({ old_password: password, new_password: newPassword }),
  PasswordReset: object({
    token: {
      ...text,
      description: 'The last part of the link.',
      examples: [`7-${'0123456789abcdef'.repeat(2)}`],
    },
    new_password: newPassword,
  }),
  Password: object({ password }),
  StaffPassword: object({ password: { ...password, description: "The staff member's own password." } }, [
    'password',
  ]),
  TokenPair: object({ refresh: message, access: message }),
  RefreshedTokens: object(
    {
      access: message,
      refresh: { ...message, description: 'With ROTATE_REFRESH_TOKENS: to be used from now on.' },
    },
    ['refresh'],
  ),
  Empty: object({}),
  Message: object({ message }),
  Account: object(
    {
      ...account,
      is_staff: { type: 'boolean', const: true, description: 'There for staff only.' },
    },
    ['is_staff'],
  ),
  User: object(user),
  UserDetails: object({
    ...user,
    sessions: count,
    tasks: count,
    task_bytes: { ...count, description: 'All titles and descriptions together, in bytes of UTF-8.' },
  }),
  Statistics: object({
    version: message,
    staff: count,
    last_user_id: {
      ...count,
      description: 'How many user ids were given, also to users who are deleted by now.',
    },
  }),
  AuditRecord: object({
    id,
    at: dateTime,
    by: {
      type: 'string',
      enum: auditedAs,
      description: 'Whether it was a member of staff, or somebody at the command line.',
    },
    actor: {
      ...message,
      description: 'The user name of the member of staff, or that of the operating system.',
    },
    act: { ...message, description: 'Such as `deactivate`, `end_sessions`, `delete`, `promote`.' },
    user_id: id,
    username: { ...message, description: 'Of the account that it was done to.' },
  }),
  Session: object({
    id: sessionId,
    current: { type: 'boolean', description: 'Whether it is the session of this request.' },
    signed_in_at: dateTime,
    last_used_at: dateTime,
    address: {
      type: ['string', 'null'],
      description: 'An IPv4 address, or an IPv6 network; null if it is not known.',
    },
  }),
  Health: object(
    {
      status: { type: 'string', enum: ['live', 'ready', 'degraded', 'stopping'] },
      reasons: messages,
      warnings: messages,
    },
    ['reasons', 'warnings'],
  ),
  KeySet: object({ keys: { type: 'array', items: { type: 'object', additionalProperties: true } } }),
  Error: object({ detail: message, code: message }, ['code']),
  MissingItem: object({ error: message }),
  NonFieldErrors: object({ non_field_errors: messages }),
  AccessTokenError: object({
    detail: message,
    code: message,
    messages: {
      type: 'array',
      items: object({
        token_class: { type: 'string', const: 'AccessToken' },
        token_type: { type: 'string', const: 'access' },
        message,
      }),
    },
  }),
  Problem: {
    ...object(
      {
        type: { type: 'string', const: 'about:blank' },
        title: message,
        status: { type: 'integer' },
        detail: message,
        code: message,
        errors: { type: 'object', additionalProperties: messages },
      },
      ['detail', 'errors'],
    ),
    description: 'An error as RFC 9457 describes it.',
  },
} satisfies Readonly<Record<string, Schema>>;

export type SchemaName = keyof typeof schemas;

/** A reference to a schema by its name. */
export function ref(name: SchemaName): Schema {
  return { $ref: `#/components/schemas/${name}` };
}

/** The names of the fields of a body. */
export function fieldNames(body: SchemaName): readonly string[] {
  const { properties = {} } = schemas[body] as { readonly properties?: object };
  return Object.keys(properties);
}

/** The messages about the fields of a body, by field. */
export function fieldErrors(body: SchemaName): Schema {
  const properties = Object.fromEntries(fieldNames(body).map((name) => [name, messages]));
  return { type: 'object', properties, minProperties: 1 };
}
