import { createReadStream, closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { jsonArray, jsonLines, JsonError } from '../adapters/terminal/json-records.js';
import { printDone } from '../adapters/terminal/print.js';
import { printable } from '../adapters/terminal/printable.js';
import { ProgressBar } from '../adapters/terminal/progress-bar.js';
import { AccountTaken } from '../application/import-data.js';
import {
  UnfitDump,
  type DjangoImportChoices,
  type DjangoImportSummary,
  type DumpProblem,
  type ImportFromDjango,
  type PrivilegedUsers,
} from '../application/import-from-django.js';
import { DataError } from './data-error.js';

/** How many names a sentence has at most. */
const maxNames = 20;

/** Imports the file that `manage.py dumpdata` has made, and prints what was done. Throws DataError. */
export async function importFromDjango(
  data: ImportFromDjango,
  file: string,
  choices: DjangoImportChoices,
): Promise<void> {
  const { size, isArray } = lookInto(file);
  const progress = new ProgressBar();
  let read = 0;
  const records = () => {
    const text = createReadStream(file).on('data', (chunk) => (read += chunk.length));
    return isArray ? jsonArray(text) : jsonLines(text);
  };
  try {
    const summary = await data.execute(records, choices, (step) => progress.update(read / size / 2, step));
    progress.clear();
    await printDone(describeSummary(summary));
  } catch (error) {
    progress.clear();
    throw toDataError(error, file);
  }
}

/** Throws DataError for a file that cannot be read twice. */
function lookInto(file: string): { readonly size: number; readonly isArray: boolean } {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(file, 'r');
    const stat = fstatSync(descriptor);
    if (!stat.isFile())
      throw new DataError(`${file} is no file. It is read twice: before anything is written, and to write.`);
    const beginning = Buffer.alloc(1024);
    readSync(descriptor, beginning);
    return { size: stat.size, isArray: beginning.toString('latin1').trimStart().startsWith('[') };
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw new DataError(`${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function toDataError(error: unknown, file: string): unknown {
  if (error instanceof JsonError) {
    return new DataError(
      `${file} is not what manage.py dumpdata prints, or it is incomplete. Nothing is imported.`,
    );
  }
  if (error instanceof UnfitDump) {
    const { problems, count } = error;
    const more = count > problems.length ? [`… and ${count - problems.length} more.`] : [];
    const lines = ['Nothing is imported:', ...problems.map(describeProblem), ...more];
    return new DataError(lines.join('\n'));
  }
  if (error instanceof AccountTaken) {
    const { id, username } = error.user;
    return new DataError(
      `Another account has got the id ${id} or the name ${username} meanwhile. The users before this one are imported.`,
    );
  }
  return error;
}

function describeProblem(problem: DumpProblem): string {
  switch (problem.code) {
    case 'bad_record':
      return problem.fields.length === 0
        ? `${printable(problem.record)} is no record of a dump.`
        : `${printable(problem.record)} has a ${problem.fields.join(', ')} that Hexado cannot store.`;
    case 'same_user':
      return `${problem.record} has the id or the name of auth.user ${problem.other}; names are the same after Unicode's NFKC.`;
    case 'costly_hash':
      return `${problem.record} has a password hash that takes too much time or memory to compare.`;
    case 'unknown_owner':
      return `${problem.record} belongs to a user who is not in the dump.`;
    case 'out_of_order':
      return `${problem.record} comes after a task with a higher id. dumpdata orders them by itself.`;
    case 'no_owner':
      return `${problem.tasks} tasks have no owner: name the user who gets them with --owner NAME.`;
    case 'no_such_user':
      return `--owner ${printable(problem.username)}: there is no such user in the dump.`;
    case 'taken':
      return `${problem.record}: another account here has the id or the name.`;
  }
}

function describeSummary({ users, tasks, present, ...summary }: DjangoImportSummary): string {
  const { staff, superusers, privileged, unverifiable, blacklisted, leftOut } = summary;
  return [
    `${users} users and ${tasks} tasks imported.`,
    ...(present > 0 ? [`${present} users were there already and are left as they are.`] : []),
    ...[...unverifiable].map(
      ([algorithm, names]) =>
        `${names.length} users have a password by ${algorithm}, which cannot be verified here${newerNode(algorithm)}: ` +
        `${some(names)}. Send them a link (hexado user reset).`,
    ),
    ...(blacklisted > 0 ? [`${blacklisted} tokens that were blacklisted stay so.`] : []),
    ...(privileged ? describePrivileged(privileged) : namesAs({ Staff: staff, Superusers: superusers })),
    ...[...leftOut].map(([model, count]) => `${count} records of ${printable(model)} are left out.`),
  ].join('\n');
}

function describePrivileged({ promoted, inactive, present }: PrivilegedUsers): string[] {
  return namesAs({
    'Staff here': promoted,
    'Staff in Django, but not here, since they are inactive': inactive,
    'Staff in Django, and left as they are here': present,
  });
}

/** A sentence for each list of names that is not empty. */
function namesAs(lists: Readonly<Record<string, readonly string[]>>): string[] {
  return Object.entries(lists).flatMap(([what, names]) =>
    names.length > 0 ? [`${what}: ${some(names)}.`] : [],
  );
}

function newerNode(algorithm: string): string {
  return algorithm === 'argon2' ? ' (Node 24.7 or newer verifies it)' : '';
}

function some(names: readonly string[]): string {
  const more = names.length - maxNames;
  return names.slice(0, maxNames).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
