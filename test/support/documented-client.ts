import { readFileSync } from 'node:fs';

const documented = 'http://127.0.0.1:3000';

/** The code of a module of docs/clients.md, calling a server on this port. */
export function documentedClient(name: string, port: number): string {
  const document = readFileSync('docs/clients.md', 'utf8');
  const [, code = ''] = new RegExp(`\`${name}\`:\n\n\`\`\`js\n(.*?)\`\`\``, 's').exec(document) ?? [];
  if (!code.includes(documented))
    throw new Error(`docs/clients.md has no ${name}, or one without its server`);
  return code.replace(documented, `http://127.0.0.1:${port}`);
}
