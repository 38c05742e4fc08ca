import { fstatSync } from 'node:fs';
import { numberedLines } from '../adapters/terminal/numbered-lines.js';
import { restrictOutputFile, writePrivateFile } from '../adapters/terminal/output-file.js';
import { OutputError, print, printDone } from '../adapters/terminal/print.js';
import { ProgressBar } from '../adapters/terminal/progress-bar.js';
import type { ExportData } from '../application/export-data.js';
import {
  AccountTaken,
  IncompleteArchive,
  type ImportData,
  type ImportSummary,
} from '../application/import-data.js';
import { BadRecord } from '../domain/archive.js';
import { UsageError } from './arguments.js';
import { DataError } from './data-error.js';

/** Characters that are written at once. */
const chunkLength = 2 ** 16;

/** Throws UsageError unless the export has somewhere to go. */
export function requireExportTarget(file: string | undefined): void {
  if (file === undefined && process.stdout.isTTY) {
    throw new UsageError('An export has password hashes and is not for a terminal: use --output FILE.');
  }
}

/** Throws UsageError unless there is something to import. */
export function requireImportSource(): void {
  if (process.stdin.isTTY) throw new UsageError('Expected: hexado import < FILE');
}

/** Writes all users and tasks as lines of JSON to the file, or to standard output. */
export async function exportData(data: ExportData, file: string | undefined): Promise<void> {
  if (file === undefined) {
    restrictOutputFile();
    return writeRecords(data, (text) =>
      print(text).catch(({ code }: OutputError) => {
        throw new OutputError(code, 'The export is incomplete.');
      }),
    );
  }
  await writePrivateFile(file, (append) => writeRecords(data, append));
}

async function writeRecords(data: ExportData, write: (text: string) => Promise<void>): Promise<void> {
  const progress = new ProgressBar();
  let lastUserId = 0;
  let waiting = '';
  try {
    for await (const record of data.execute()) {
      if (record.kind === 'hexado-export') lastUserId = record.lastUserId;
      if (record.kind === 'user') progress.update(record.id / lastUserId, record.username);
      waiting += `${JSON.stringify(record)}\n`;
      if (waiting.length < chunkLength) continue;
      await write(waiting);
      waiting = '';
    }
    await write(waiting);
  } finally {
    progress.clear();
  }
}

/** Imports the lines of standard input, and prints what was done. Throws DataError. */
export async function importData(data: ImportData, { skipBad }: { skipBad: boolean }): Promise<void> {
  const stat = fstatSync(0);
  const progress = new ProgressBar();
  let read = 0;
  const lines = numberedLines(process.stdin, (bytes) => (read += bytes));
  const onBadLine = (line: number, error: BadRecord): void => {
    const message = `Line ${line} ${describeBadRecord(error)}.`;
    progress.clear();
    if (!skipBad) throw new DataError(`${message} The users before it are imported.`);
    process.stderr.write(`hexado: ${message} It is skipped.\n`);
  };
  try {
    const summary = await data.execute(lines, onBadLine, ({ users, present }) => {
      progress.update(stat.isFile() ? read / stat.size : undefined, `${users + present} users`);
    });
    progress.clear();
    await printDone(describeSummary(summary));
  } catch (error) {
    progress.clear();
    throw toDataError(error);
  }
}

function toDataError(error: unknown): unknown {
  if (error instanceof BadRecord)
    return new DataError(`Line 1 ${describeBadRecord(error)}. Nothing is imported.`);
  if (error instanceof IncompleteArchive) {
    return new DataError('The export is incomplete: it has no last line. Its last user is not imported.');
  }
  if (error instanceof AccountTaken) {
    const { id, username } = error.user;
    return new DataError(
      `Another account has the id ${id} or the name ${username}. The users before this one are imported.`,
    );
  }
  return error;
}

function describeBadRecord({ code, fields }: BadRecord): string {
  switch (code) {
    case 'no_record':
      return 'is not a line of an export';
    case 'unknown_version':
      return 'says that another version of hexado has made this export';
    case 'invalid_fields':
      return `has a wrong ${fields.join(', ')}`;
    case 'out_of_order':
      return 'is out of order: the header comes first, then each user and their tasks, by ascending ids';
    case 'wrong_count':
      return 'says that there should be more lines or fewer';
  }
}

function describeSummary({ users, tasks, present, skipped }: ImportSummary): string {
  return [
    `${users} users and ${tasks} tasks imported.`,
    present > 0 && `${present} users were there already and are left as they are.`,
    skipped > 0 && `${skipped} lines skipped.`,
  ]
    .filter((sentence) => sentence !== false)
    .join(' ');
}
