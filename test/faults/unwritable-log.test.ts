import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { Fifo } from '../support/fifo.js';
import { freePort } from '../support/free-port.js';
import { send } from '../support/http-client.js';
import { program } from '../support/server-process.js';
import { waitFor } from '../support/wait-for.js';
import { sendSignal } from '../support/send-signal.js';

/** More lines than a pipe takes. */
const manyRequests = 600;

/** More lines than are kept while they cannot be written. */
const tooManyRequests = 5_500;

const onLinux = process.platform === 'linux' ? describe : describe.skip;

onLinux('a server whose log cannot be written', () => {
  let fifo: Fifo;
  let server: ChildProcess;
  let port: number;
  let ending: Promise<readonly [code: number | null, stderr: string]>;
  const agent = new Agent({ keepAlive: true, maxSockets: 20 });
  beforeEach(() => {
    fifo = new Fifo();
  });
  afterEach(async () => {
    server.kill('SIGKILL');
    await ending;
    fifo.remove();
  });

  // A long id makes a long line.
  const headers = { 'X-Request-Id': 'x'.repeat(64) };
  const get = async (path: string) => send(port, { method: 'GET', path, headers }, agent);

  /** Starts it with its standard output, and perhaps its standard error, in the file; resolves once it responds. */
  async function start(path: string, { errorsToo = false, command = [process.execPath, program] } = {}) {
    port = await freePort();
    const file = openSync(path, 'w');
    // Requests to /livez are logged at this level.
    const environment = { PATH: process.env['PATH'], PORT: String(port), LOG_LEVEL: 'debug' };
    const [first = '', ...args] = command;
    server = spawn(first, args, { env: environment, stdio: ['ignore', file, errorsToo ? file : 'pipe'] });
    closeSync(file);
    ending = endingOf(server);
    await waitFor('it responds', () => get('/livez').catch(() => undefined));
  }

  async function requests(count: number): Promise<void> {
    const responses = await Promise.all(Array.from({ length: count }, () => get('/livez')));
    expect(new Set(responses.map(({ status }) => status))).to.deep.equal(new Set([200]));
  }

  /** What /readyz says as soon as it says that something does not work. */
  async function complaints(): Promise<readonly string[]> {
    const response = await waitFor('it is degraded', async () => {
      const answered = await get('/readyz');
      const body = answered.json() as { readonly status: string; readonly reasons: readonly string[] };
      return body.status === 'degraded' ? { status: answered.status, reasons: body.reasons } : undefined;
    });
    expect(response.status).to.equal(200);
    return response.reasons;
  }

  async function stopsInOrder(): Promise<void> {
    server.kill('SIGTERM');
    expect(await ending).to.deep.equal([0, '']);
  }

  it('serves, is degraded and stops at SIGTERM with a full disk', async () => {
    await start('/dev/full');
    await requests(manyRequests);
    expect(await complaints()).to.deep.equal([
      'The log cannot be written (ENOSPC): its disk is full. Lines lost so far: 0.',
    ]);
    await stopsInOrder();
  });

  it('serves, is degraded and stops at SIGTERM while nobody reads the pipe', async () => {
    await start(fifo.path);
    await requests(manyRequests);
    expect((await complaints()).join()).to.match(/^The log cannot be written \(EAGAIN\): nobody reads it\./);
    await stopsInOrder();
  });

  it('serves, is degraded and stops at SIGTERM when the reader of the pipe has left', async () => {
    await start(fifo.path, { errorsToo: true });
    fifo.leave();
    await requests(manyRequests);
    expect((await complaints()).join()).to.match(
      /^The log cannot be written \(EPIPE\): its reader has left\./,
    );
    await stopsInOrder();
  });

  it('serves, is degraded and stops at SIGTERM while its terminal accepts nothing', async () => {
    const pidFile = join(mkdtempSync(join(tmpdir(), 'hexado-terminal-')), 'pid');
    const shell = `echo $$ >${pidFile}; exec "${process.execPath}" "${program}"`;
    await start('/dev/null', { command: ['script', '-qc', shell, '/dev/null'] });
    server.kill('SIGSTOP');
    await requests(manyRequests);
    expect((await complaints()).join()).to.match(/^The log cannot be written \(EAGAIN\): nobody reads it\./);
    sendSignal(Number(readFileSync(pidFile, 'utf8')), 'SIGTERM');
    await waitFor('it no longer responds', () =>
      get('/livez').then(
        () => false,
        () => true,
      ),
    );
    server.kill('SIGCONT');
    expect((await ending)[0]).to.equal(0);
    rmSync(dirname(pidFile), { recursive: true });
  });

  it('loses no log line when the reader of the pipe pauses for a moment', async () => {
    await start(fifo.path);
    fifo.leave();
    await requests(manyRequests);
    await complaints();
    fifo.come();
    let log = '';
    await waitFor('lines were lost', () => (log += fifo.read()).includes(' lines were lost'), {
      timeout: 20_000,
    });
    expect(log).to.include('The log could not be written (EPIPE); 0 lines were lost');
    expect(log.split('"route":"/livez"').length - 1).to.be.at.least(manyRequests);
    expect((await get('/readyz')).json()).to.deep.equal({ status: 'ready' });
  });

  it('buffers a bounded number of log lines, and counts the dropped ones', async () => {
    await start(fifo.path);
    await requests(tooManyRequests);
    let log = '';
    await waitFor('lines were lost', () => (log += fifo.read()).includes(' lines were lost'), {
      timeout: 20_000,
    });
    const lines = log
      .split('\n')
      .slice(0, -1)
      .filter((line) => line.startsWith('{'));
    const lost = lines
      .map((line) => JSON.parse(line) as { msg: string; lost?: number })
      .find((line) => line.lost);
    expect(lost).to.include({
      code: 'EAGAIN',
      msg: `The log could not be written (EAGAIN); ${lost?.lost} lines were lost`,
    });
    expect(Buffer.byteLength(log)).to.be.lessThan(1.2 * 2 ** 20);
    const requested = lines.filter((line) => line.includes('"msg":"request"')).length;
    expect(requested + (lost?.lost ?? 0)).to.be.at.least(tooManyRequests);
  });
});

async function endingOf(child: ChildProcess): Promise<readonly [code: number | null, stderr: string]> {
  const stderr = child.stderr ? text(child.stderr) : '';
  const [code] = (await once(child, 'exit')) as [number | null];
  return [code, await stderr];
}
