import { readFileSync } from 'node:fs';

/** The lines of the sh blocks in a section of a document. */
export function documentedCommands(document: string, section: string): string[] {
  const [, text = ''] =
    new RegExp(`^## ${section}\n(.*?)(?=^## |\\Z)`, 'ms').exec(`${readFileSync(document, 'utf8')}\n## `) ??
    [];
  const blocks = [...text.matchAll(/^```sh\n(.*?)^```/gms)].map(([, block = '']) => block);
  if (blocks.length === 0) throw new Error(`${document} has no commands in ${section}`);
  return blocks.join('').trimEnd().split('\n');
}
