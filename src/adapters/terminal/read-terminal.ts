import { createInterface } from 'node:readline/promises';
import { text } from 'node:stream/consumers';
import { Writable } from 'node:stream';

/**
 * Reads a new password: at a terminal twice, with prompts that do not show the typed text; otherwise once, the first line
 * of the input. Undefined if the two texts differ.
 */
export async function readNewPassword(prompt: string): Promise<string | undefined> {
  if (!process.stdin.isTTY) return (await text(process.stdin)).split(/\r?\n/, 1)[0] ?? '';
  const password = await readLine(prompt, { isShown: false });
  if (password === '') return password;
  const repeated = await readLine('The same again: ', { isShown: false });
  return repeated === password ? password : undefined;
}

/** Asks at a terminal whether to go on. Without a terminal, nobody is asked, and the answer is yes. */
export async function confirm(question: string): Promise<boolean> {
  if (!process.stdin.isTTY) return true;
  const answer = await readLine(`${question} [y/N] `, { isShown: true });
  return /^y(?:es)?$/i.test(answer.trim());
}

/** A line that is typed at the terminal; empty after Ctrl-D. The prompt is on standard error. */
async function readLine(prompt: string, { isShown }: { isShown: boolean }): Promise<string> {
  const silence = new Writable({ write: (_chunk, _encoding, done) => done() });
  const output = isShown ? process.stderr : silence;
  const lines = createInterface({ input: process.stdin, output, terminal: true });
  // Ctrl-C ends the process as SIGINT does.
  lines.on('SIGINT', () => {
    lines.close();
    process.stderr.write('\n');
    process.kill(process.pid, 'SIGINT');
  });
  if (!isShown) process.stderr.write(prompt);
  const line = await lines.question(isShown ? prompt : '').catch(() => '');
  lines.close();
  if (!isShown) process.stderr.write('\n');
  return line;
}
