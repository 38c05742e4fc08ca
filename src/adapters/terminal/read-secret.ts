import { createInterface } from 'node:readline/promises';
import { text } from 'node:stream/consumers';
import { Writable } from 'node:stream';

/** Reads a secret: at a terminal with a prompt that does not show the typed text, otherwise the first line of the input. */
export async function readSecret(prompt: string): Promise<string> {
  if (!process.stdin.isTTY) return (await text(process.stdin)).split(/\r?\n/, 1)[0] ?? '';
  const silence = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silence, terminal: true });
  // Ctrl-C ends the process as SIGINT does. Ctrl-D gives an empty secret.
  lines.on('SIGINT', () => {
    lines.close();
    process.stderr.write('\n');
    process.kill(process.pid, 'SIGINT');
  });
  process.stderr.write(prompt);
  const secret = await lines.question('').catch(() => '');
  lines.close();
  process.stderr.write('\n');
  return secret;
}
