import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { signingKey } from '../support/running-server.js';
import { runCommand, ServerProcess } from '../support/server-process.js';

const forged = '203.0.113.99';

/** A line as the log has it, with another address. */
const line =
  `{"level":30,"time":"2026-01-02T03:04:05.678Z","pid":1,"hostname":"h","event":"sign_in_failed",` +
  `"address":"${forged}","username":"x","reason":"wrong_password","msg":"A sign-in failed"}`;

/** Names that try to end their own line, or their own field, and to begin another one. */
const names = [
  'maria',
  line,
  `x","reason":"wrong_password","msg":"A sign-in failed"}\n${line}\n`,
  `x\r\n${line}`,
  `x\u2028${line}\u2029`,
  `x\u0085${line}`,
  `x\u000b${line}\u001e${line}`,
  `x\\","address":"${forged}`,
  `\\`,
  `"`,
  `"event":"sign_in_failed","address":"${forged}"`,
  `<HOST> ${forged}`,
  `time":"2020-01-01T00:00:00Z"`,
  'ａ😀\ud83d',
  'x'.repeat(100_000),
  `${'x'.repeat(140)}","address":"${forged}"`,
];

describe('the filter of fail2ban', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'hexado-fail2ban-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  /** The addresses that fail2ban finds in a log, in order. */
  async function found(log: string): Promise<string[]> {
    const file = join(folder, 'log');
    writeFileSync(file, log);
    const command = ['fail2ban-regex', '--out', 'ip', file, 'deploy/fail2ban/filter.conf'];
    const { stdout, stderr, code } = await runCommand(command);
    expect(code, stderr).to.be.oneOf([0, 1]);
    return stdout.split('\n').filter((each) => each !== '');
  }

  for (const logging of ['on', 'digest']) {
    it(`finds every client that failed to sign in, and no other, with LOG_EVENTS=${logging}`, async () => {
      const log = await logOf({ LOG_EVENTS: logging });
      const lines = log.split('\n').filter((each) => each.includes('"event":"sign_in_failed"'));
      const addresses = names.map((_name, index) => `198.51.100.${index}`);
      // A lone surrogate is no valid name: that request is rejected before any password is looked at.
      const expected = addresses.filter((_address, index) => !/\p{Surrogate}/u.test(names[index] ?? ''));
      expect(lines).to.have.length(expected.length);
      expect(await found(log)).to.deep.equal(expected);
    });
  }

  it('finds clients in the journal too, and those with IPv6', async () => {
    const words = 'host hexado[42]: ';
    const addresses = ['192.0.2.7', '2001:db8::1'];
    const log = addresses.map((address) => `${words}${line.replace(forged, address)}\n`);
    expect(await found(log.join(''))).to.deep.equal(addresses);
  });

  for (const [reason, isFound] of [
    ['unknown_user', true],
    ['wrong_password', true],
    ['inactive', true],
    ['throttled_sign_in', true],
    ['throttled_sign_in_address', true],
    ['throttled_sign_in_username', false],
    ['overloaded', false],
  ] as const) {
    it(`${isFound ? 'counts' : 'does not count'} a sign-in that failed with the reason ${reason}`, async () => {
      const log = `${line.replace('wrong_password', reason)}\n`;
      expect(await found(log)).to.deep.equal(isFound ? [forged] : []);
    });
  }
});

/** The log of a server at which each address has tried one name, and has sent the same in headers. */
async function logOf(environment: Readonly<Record<string, string>>): Promise<string> {
  const settings = { SIGNING_KEY: signingKey, BCRYPT_COST: '4', TRUST_PROXY: '1', ...environment };
  const server = await ServerProcess.start(settings);
  for (const [index, username] of names.entries()) {
    const printable = username.replaceAll(/[^\x20-\x7e]/g, '').slice(0, 1_000);
    await server.send({
      method: 'POST',
      path: `/api/token/?${encodeURIComponent(printable)}`,
      headers: {
        'Content-Type': 'application/json',
        'X-Forwarded-For': `198.51.100.${index}`,
        'X-Request-Id': printable,
        'User-Agent': printable,
        Referer: printable,
      },
      body: JSON.stringify({ username, password: printable }),
    });
  }
  await server.registerAndSignIn();
  await server.logged(({ event }) => event === 'session_opened');
  await server.kill();
  return server.stdout;
}
