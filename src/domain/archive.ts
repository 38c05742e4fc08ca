import { checkText } from './input.js';
import { maxTitleLength, taskStatuses, type Task } from './task.js';
import { maxUsernameLength, normaliseUsername, type User } from './user.js';

/** The version of the format. A change that an older version would misread raises it. */
const formatVersion = 1;

/** The first record. User ids up to `lastUserId` have been used. */
export interface ArchiveHeader {
  readonly kind: 'hexado-export';
  readonly version: typeof formatVersion;
  readonly lastUserId: number;
}

/** A user, followed by all of their tasks. Task ids up to `lastTaskId` have been used. */
export interface ArchivedUser extends User {
  readonly kind: 'user';
  readonly lastTaskId: number;
  /** Whether the user is staff; left out for everybody else. Versions that do not know it ignore it. */
  readonly staff?: boolean;
}

export interface ArchivedTask extends Task {
  readonly kind: 'task';
  readonly userId: number;
}

/** The last record: without it, the export is incomplete. */
export interface ArchiveEnd {
  readonly kind: 'end';
  readonly users: number;
  readonly tasks: number;
}

/** A line of an export. Users are ordered by id, and so are the tasks of each user. */
export type ArchiveRecord = ArchiveHeader | ArchivedUser | ArchivedTask | ArchiveEnd;

/** Why a line cannot be imported. */
export type BadRecordCode =
  /** It is no record of an export. */
  | 'no_record'
  /** The export has another version of the format. */
  | 'unknown_version'
  | 'invalid_fields'
  /** It cannot stand at this place: users or tasks are not in order, or a task belongs to another user. */
  | 'out_of_order'
  /** There are more or fewer records than the last one says. */
  | 'wrong_count';

/** A line that cannot be imported. */
export class BadRecord extends Error {
  override readonly name = 'BadRecord';

  constructor(
    readonly code: BadRecordCode,
    /** The names of the invalid fields. */
    readonly fields: readonly string[] = [],
  ) {
    super(code);
  }
}

/** The first record of an export. */
export function archiveHeader(lastUserId: number): ArchiveHeader {
  return { kind: 'hexado-export', version: formatVersion, lastUserId };
}

type IsValid = (value: unknown) => boolean;

const isId: IsValid = (value) => Number.isSafeInteger(value) && Number(value) > 0;
const isCount: IsValid = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
const isText =
  (maxLength: number): IsValid =>
  (value) => {
    const checked = checkText(value, { maxLength });
    return 'value' in checked && checked.value === value;
  };
const isName = isText(maxUsernameLength);
/** Stored names are normalised, which may have replaced letters by other characters. White space is never among them. */
const isStoredName: IsValid = (value) =>
  typeof value === 'string' &&
  isName(value) &&
  normaliseUsername(value) === value &&
  !/[\p{White_Space}\p{Cc}]/u.test(value);

/** For each kind of record, its fields. */
const fieldsOf = {
  'hexado-export': { lastUserId: isCount },
  user: {
    id: isId,
    username: isStoredName,
    passwordHash: isText(1024),
    active: (value) => typeof value === 'boolean',
    createdAt: (value) => Number.isFinite(value),
    lastTaskId: isCount,
    staff: (value) => value === undefined || typeof value === 'boolean',
  },
  task: {
    userId: isId,
    id: isId,
    title: isText(maxTitleLength),
    description: isText(Infinity),
    status: (value) => taskStatuses.some((status) => status === value),
  },
  end: { users: isCount, tasks: isCount },
} satisfies { readonly [K in ArchiveRecord['kind']]: Readonly<Record<string, IsValid>> };

/** Parses a line of an export by the rules for what is stored. Ignores unknown fields. Throws BadRecord. */
export function parseRecord(line: string): ArchiveRecord {
  const record = parseObject(line);
  const { kind, version } = record;
  if (typeof kind !== 'string' || !Object.hasOwn(fieldsOf, kind)) throw new BadRecord('no_record');
  if (kind === 'hexado-export' && version !== formatVersion) throw new BadRecord('unknown_version');
  const fields: Readonly<Record<string, IsValid>> = fieldsOf[kind as ArchiveRecord['kind']];
  const invalid = Object.keys(fields).filter((name) => fields[name]?.(record[name]) !== true);
  if (invalid.length > 0) throw new BadRecord('invalid_fields', invalid);
  return record as unknown as ArchiveRecord;
}

function parseObject(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // The parser's own error would quote the line.
  }
  throw new BadRecord('no_record');
}
