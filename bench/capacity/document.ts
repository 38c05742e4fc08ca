import { readFileSync, writeFileSync } from 'node:fs';
import { inProject } from '../project.js';

const file = inProject('docs/scaling.md');
const begin = '<!-- prettier-ignore-start -->\n<!-- what `npm run bench -- capacity` prints -->\n\n';
const end = '\n\n<!-- prettier-ignore-end -->\n';

/** Puts the report in the place of the one that is in docs/scaling.md. */
export function documentCapacity(report: string): void {
  const text = readFileSync(file, 'utf8');
  const [before = '', rest] = text.split(begin);
  const after = rest?.split(end)[1];
  if (after === undefined) throw new Error(`${file} has no place for the report.`);
  writeFileSync(file, `${before}${begin}${report}${end}${after}`);
}

/** Whether docs/scaling.md has this very report. */
export function isDocumented(report: string): boolean {
  return readFileSync(file, 'utf8').includes(`${begin}${report}${end}`);
}
