import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { ApiClient } from './api-client.js';

/** The program as it is built and shipped. */
export const program = fileURLToPath(new URL('../../src/main.js', import.meta.url));

/** What a process has come to. */
export interface Ending {
  /** The exit code; null if a signal has ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  /** Without the events. */
  readonly stderr: string;
  /** The events on standard error, one JSON line each. */
  readonly events: readonly LoggedLine[];
}

/** What a process is given. Of the tests' own environment it sees the PATH and what is meant for Node itself. */
export interface Given {
  readonly environment?: Readonly<Record<string, string>>;
  /** The working directory. */
  readonly directory?: string;
  /** The standard input; none unless it is given. */
  readonly input?: string;
  /** What somebody at a terminal types, each after a prompt has appeared, instead of the input. */
  readonly answers?: readonly (readonly [prompt: string, typed: string])[];
  /** Milliseconds after which it is ended, should it still run; five minutes unless it is given. */
  readonly lifetime?: number;
}

/** A line of the server's log. */
export interface LoggedLine extends Readonly<Record<string, unknown>> {
  readonly level: number;
  readonly msg: string;
}

/** Runs the program with these words to its end. */
export function run(words: readonly string[], given: Given = {}): Promise<Ending> {
  return new RunningProcess([process.execPath, program, ...words], given).ending;
}

/** Runs any command to its end. */
export function runCommand(command: readonly string[], given: Given = {}): Promise<Ending> {
  return new RunningProcess(command, given).ending;
}

/** The whole server as a process of its own, as it is shipped. */
export class ServerProcess extends ApiClient {
  private constructor(
    private readonly process: RunningProcess,
    port: number,
  ) {
    super(port);
  }

  /** Resolves once it listens, by default on a free port. `command` is one that ends in the program's own. */
  static async start(
    environment: Readonly<Record<string, string>> = {},
    { command = [process.execPath, program], ...given }: Given & { readonly command?: string[] } = {},
  ): Promise<ServerProcess> {
    const child = new RunningProcess(command, { ...given, environment: { PORT: '0', ...environment } });
    const { port } = await child.untilItHas(
      () => child.log.find(({ msg }) => msg === 'listening') ?? listeningAtTerminal(child.stdout),
    );
    return new ServerProcess(child, Number(port));
  }

  get ending(): Promise<Ending> {
    return this.process.ending;
  }

  /** Of the command, which need not be the server itself. */
  get pid(): number | undefined {
    return this.process.pid;
  }

  get stdout(): string {
    return this.process.stdout;
  }

  /** The lines of the log until now. */
  get log(): LoggedLine[] {
    return this.process.log;
  }

  /** Resolves as soon as the standard output contains the text. */
  async printed(text: string): Promise<void> {
    await this.process.untilItHas(() => this.stdout.includes(text));
  }

  /** Resolves with the first such line of the log, as soon as it is there. */
  logged(isMeant: (line: LoggedLine) => boolean): Promise<LoggedLine> {
    return this.process.untilItHas(() => this.log.find(isMeant));
  }

  signal(name: NodeJS.Signals): void {
    this.process.signal(name);
  }

  /** Ends it without ceremony, if it has not ended yet. */
  async kill(): Promise<void> {
    this.process.signal('SIGKILL');
    await this.process.ending;
  }
}

/** What a line for people says about the address. */
function listeningAtTerminal(stdout: string): { readonly port: string } | undefined {
  const [, port] = /listening\S* .*"port":(\d+)/.exec(stdout) ?? [];
  return port === undefined ? undefined : { port };
}

/** A process that ends with the tests at the latest. */
class RunningProcess {
  stdout = '';
  readonly ending: Promise<Ending>;
  private readonly parsedLog: LoggedLine[] = [];
  private parsedLength = 0;
  private readonly child: ChildProcessWithoutNullStreams;

  constructor([command = '', ...args]: readonly string[], given: Given) {
    const { environment, directory, input = '', answers, lifetime: timeout = 5 * 60_000 } = given;
    const { PATH, NODE_OPTIONS, NODE_V8_COVERAGE } = process.env; // Coverage, and whether deprecations are errors.
    const env = { PATH, NODE_OPTIONS, NODE_V8_COVERAGE, ...environment };
    this.child = spawn(command, args, { env, cwd: directory, timeout, killSignal: 'SIGKILL' });
    this.ending = this.end();
    this.child.stdin.on('error', () => {}); // It may end before it has read all of its input.
    if (answers) void this.answer(answers);
    else this.child.stdin.end(input);
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  get log(): LoggedLine[] {
    const end = this.stdout.lastIndexOf('\n') + 1;
    const lines = this.stdout.slice(this.parsedLength, end).split('\n');
    this.parsedLength = end; // There may be 100,000 lines, and they are asked for whenever there are more.
    for (const line of lines) {
      if (line.startsWith('{')) this.parsedLog.push(JSON.parse(line) as LoggedLine);
    }
    return this.parsedLog;
  }

  /** Looks whenever there is more output, until something is found; rejected if the process ends before that. */
  async untilItHas<T>(find: () => T | false | undefined): Promise<T> {
    for (;;) {
      const found = find();
      if (found !== undefined && found !== false) return found;
      await Promise.race([once(this.child.stdout, 'data'), this.ended()]);
    }
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  private async answer(answers: NonNullable<Given['answers']>): Promise<void> {
    for (const [prompt, typed] of answers) {
      await this.untilItHas(() => this.stdout.includes(prompt));
      this.child.stdin.write(typed);
    }
  }

  private async ended(): Promise<never> {
    const { code, signal, stderr } = await this.ending;
    throw new Error(`the process has ended (${code ?? signal}) before it had said this: ${stderr}`);
  }

  private async end(): Promise<Ending> {
    const onExit = () => this.signal('SIGKILL');
    process.on('exit', onExit);
    let stderr = '';
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const [code, signal] = (await once(this.child, 'close')) as [number | null, NodeJS.Signals | null];
    process.off('exit', onExit);
    const events: LoggedLine[] = [];
    const others = stderr.replaceAll(/^\{"level".*\n/gm, (line) => {
      events.push(JSON.parse(line) as LoggedLine);
      return '';
    });
    return { code, signal, stdout: this.stdout, stderr: others, events };
  }
}
