import { createInterface } from 'node:readline/promises';
import { text } from 'node:stream/consumers';
import { Writable } from 'node:stream';

/** Reads a secret: at a terminal by a prompt that does not show what is typed, otherwise the first line of the input. */
export async function readSecret(prompt: string): Promise<string> {
  if (!process.stdin.isTTY) return (await text(process.stdin)).split(/\r?\n/, 1)[0] ?? '';
  const silence = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silence, terminal: true });
  // At Ctrl-C the process ends as if it had been sent to it, and at Ctrl-D nothing was typed.
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
