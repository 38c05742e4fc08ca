import { expect } from 'chai';
import { program, ServerProcess } from '../support/server-process.js';
import { sendSignal } from '../support/send-signal.js';

const linux = process.platform === 'linux' ? it : it.skip;
const node = `"${process.execPath}" "${program}"`;

/** What each signal gets in the log of a single process. */
const nothing = {
  SIGHUP: 'SIGHUP is ignored: SIGNING_KEYS_FILE is not set',
  SIGUSR2: 'SIGUSR2 is ignored: it replaces workers, and there are none',
} as const;

describe('a server of one process', () => {
  let server: ServerProcess;
  afterEach(() => server.kill());

  for (const signal of ['SIGHUP', 'SIGUSR2'] as const) {
    it(`keeps running at ${signal}, and logs that it is ignored`, async () => {
      server = await ServerProcess.start();
      server.signal(signal);
      await server.logged(({ msg }) => msg === nothing[signal]);
      expect((await server.call('GET', '/livez')).status).to.equal(200);
    });
  }

  linux('goes on at SIGHUP and SIGUSR2 while it is being loaded, and says so when it listens', async () => {
    // As soon as the process catches both (bits 0 and 11), it gets them.
    const caught = `0x$(sed -n 's/^SigCgt:[[:space:]]*//p' /proc/$$/status)`;
    const send = `until (( (${caught} & 0x801) == 0x801 )); do :; done; kill -HUP $$; kill -USR2 $$`;
    const command = ['bash', '--norc', '-c', `(${send}) & exec ${node}`];
    server = await ServerProcess.start({}, { command });
    for (const sentence of Object.values(nothing)) await server.logged(({ msg }) => msg === sentence);
    expect(server.log[0]?.msg).to.equal('listening');
    expect((await server.call('GET', '/livez')).status).to.equal(200);
  });

  linux('shuts down gracefully when its terminal closes', async () => {
    const shell = `echo $$; exec ${node}`;
    server = await ServerProcess.start({}, { command: ['script', '-qec', shell, '/dev/null'] });
    sendSignal(Number.parseInt(server.stdout, 10), 'SIGHUP');
    expect((await server.ending).code).to.equal(0);
    expect(server.stdout).to.match(/stopped\S*\s*$/);
  });
});
