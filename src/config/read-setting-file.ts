import { readFileSync } from 'node:fs';

/** The text of the file that a setting names, without what stands around it. That it cannot be read or is empty, is told. */
export function readSettingFile(
  name: string,
  path: string,
  problem: (sentence: string) => undefined,
): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim() || problem(`${name}=${path}: the file is empty.`);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    return problem(`${name}=${path}: the file cannot be read (${code}).`);
  }
}
