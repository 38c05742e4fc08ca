import {
  BadRecord,
  parseRecord,
  type ArchivedTask,
  type ArchivedUser,
  type ArchiveEnd,
  type ArchiveRecord,
} from '../domain/archive.js';
import type { Task } from '../domain/task.js';
import type { Archive, ImportedUser } from './ports/archive.js';

/** Thrown when another account has the id or the name of a user. Nothing of that user is imported. */
export class AccountTaken extends Error {
  override readonly name = 'AccountTaken';

  constructor(readonly user: Pick<ArchivedUser, 'id' | 'username'>) {
    super('taken');
  }
}

/** Thrown when the lines end without a last record. The user of the last lines is not imported. */
export class IncompleteArchive extends Error {
  override readonly name = 'IncompleteArchive';
}

/** What an import has done. */
export interface ImportSummary {
  /** Users and tasks that are imported. */
  users: number;
  tasks: number;
  /** Users who were there already, and were left as they are. */
  present: number;
  /** Lines that were skipped because they are bad, or because their user is. */
  skipped: number;
}

/** A line of an export, counted from 1. */
export interface NumberedLine {
  readonly number: number;
  readonly text: string;
}

interface UserInProgress {
  readonly user: ArchivedUser;
  /** Whether nothing is written, because the user is there already. */
  readonly isPresent: boolean;
  lastTaskId: number;
  batch: Task[];
  batchLength: number;
}

/** Tasks are added in batches that end with the task that makes their texts exceed this many UTF-16 code units. */
const batchLength = 2 ** 19;

/** At most so many tasks per batch. */
const batchSize = 1000;

/** Imports what ExportData has exported, for the operator. Users who are there already are left as they are. */
export class ImportData {
  constructor(private readonly archive: Archive) {}

  /**
   * Imports the lines user by user. After an error the users before it are imported, and the same import can be run
   * again. Calls `onBadLine` for each bad line, which may throw to end the import; else the line is skipped, and with a
   * user's line all of their tasks. Calls `onProgress` now and then. Throws BadRecord for a bad first line, AccountTaken
   * and IncompleteArchive.
   */
  async execute(
    lines: AsyncIterable<NumberedLine>,
    onBadLine: (line: number, error: BadRecord) => void,
    onProgress: (summary: Readonly<ImportSummary>) => void = () => undefined,
  ): Promise<ImportSummary> {
    const run = new ImportRun(this.archive);
    for await (const { number, text } of lines) {
      try {
        await run.take(parseRecord(text));
      } catch (error) {
        if (!(error instanceof BadRecord) || !run.hasBegun) throw error;
        run.skip();
        onBadLine(number, error);
      }
      onProgress(run.summary);
    }
    if (!run.hasEnded) throw new IncompleteArchive();
    return run.summary;
  }
}

/** One import, record by record. A record that throws BadRecord changes nothing, unless it is the last one. */
class ImportRun {
  readonly summary: ImportSummary = { users: 0, tasks: 0, present: 0, skipped: 0 };
  hasEnded = false;
  private lastUserId: number | undefined;
  private current: UserInProgress | undefined;
  private lastSeenUserId = 0;
  /** Records of users and tasks that were read, skipped ones not included. */
  private readonly read = { users: 0, tasks: 0 };

  constructor(private readonly archive: Archive) {}

  /** Whether there was a header. */
  get hasBegun(): boolean {
    return this.lastUserId !== undefined;
  }

  async take(record: ArchiveRecord): Promise<void> {
    if (this.hasEnded || this.hasBegun === (record.kind === 'hexado-export'))
      throw new BadRecord('out_of_order');
    switch (record.kind) {
      case 'hexado-export':
        await this.archive.reserveUserIds(record.lastUserId);
        this.lastUserId = record.lastUserId;
        return;
      case 'user':
        return this.takeUser(record);
      case 'task':
        return this.takeTask(record);
      case 'end':
        return this.end(record);
    }
  }

  skip(): void {
    this.summary.skipped++;
  }

  private async takeUser(user: ArchivedUser): Promise<void> {
    if (user.id <= this.lastSeenUserId || user.id > (this.lastUserId ?? 0))
      throw new BadRecord('out_of_order');
    await this.finishUser();
    const begun = await this.archive.begin(importedUser(user));
    if (begun === 'taken') throw new AccountTaken(user);
    this.lastSeenUserId = user.id;
    this.read.users++;
    this.current = { user, isPresent: begun === 'present', lastTaskId: 0, batch: [], batchLength: 0 };
  }

  private async takeTask({ userId, id, title, description, status }: ArchivedTask): Promise<void> {
    const { current } = this;
    const fits = current?.user.id === userId && id > current.lastTaskId && id <= current.user.lastTaskId;
    if (!fits) throw new BadRecord('out_of_order');
    current.lastTaskId = id;
    this.read.tasks++;
    if (current.isPresent) return;
    current.batch.push({ id, title, description, status });
    current.batchLength += title.length + description.length;
    if (current.batch.length === batchSize || current.batchLength > batchLength) await this.addBatch(current);
  }

  private async end({ users, tasks }: ArchiveEnd): Promise<void> {
    await this.finishUser();
    this.hasEnded = true;
    const isComplete = users === this.read.users && tasks === this.read.tasks;
    if (!isComplete && this.summary.skipped === 0) throw new BadRecord('wrong_count');
  }

  private async finishUser(): Promise<void> {
    const { current } = this;
    this.current = undefined;
    if (!current) return;
    if (current.isPresent) {
      this.summary.present++;
      return;
    }
    await this.addBatch(current);
    const { user } = current;
    if (!(await this.archive.finish(importedUser(user), user.lastTaskId))) throw new AccountTaken(user);
    this.summary.users++;
  }

  private async addBatch(current: UserInProgress): Promise<void> {
    const { batch, user } = current;
    if (batch.length === 0) return;
    await this.archive.addTasks(user.id, batch);
    this.summary.tasks += batch.length;
    current.batch = [];
    current.batchLength = 0;
  }
}

/** The user without the other fields of the line: one of those may have a name that means something to the storage. */
function importedUser(record: ArchivedUser): ImportedUser {
  const { id, username, passwordHash, active, createdAt, staff: isStaff = false } = record;
  return { id, username, passwordHash, active, createdAt, isStaff };
}
