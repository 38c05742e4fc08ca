import { readFileSync } from 'node:fs';

/** The trimmed text of the file that a setting names. A file that is unreadable or empty is reported as a problem. */
export function readSettingFile(
  name: string,
  path: string,
  reportProblem: (message: string) => undefined,
): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim() || reportProblem(`${name}=${path}: the file is empty.`);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    return reportProblem(`${name}=${path}: the file cannot be read (${code}).`);
  }
}
