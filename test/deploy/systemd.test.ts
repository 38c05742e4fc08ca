import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { variables } from '../../src/config/variables.js';
import { runCommand } from '../support/server-process.js';

describe('deploy/hexado.service', () => {
  const unit = readFileSync('deploy/hexado.service', 'utf8');
  let directory: string;
  let path: string;

  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'hexado-systemd-'));
    chmodSync(directory, 0o755);
    path = join(directory, 'hexado.service');
    // What is installed on this machine is this checkout.
    const here = unit
      .replace('ExecStart=/opt/hexado/node_modules/.bin/hexado', `ExecStart=${resolve('bin/hexado')}`)
      .replace(/^(?:Wants|After)=.*$/gm, '');
    writeFileSync(path, here);
  });
  after(() => rmSync(directory, { recursive: true }));

  it('is a unit that systemd accepts without a word', async () => {
    const { code, stdout, stderr } = await runCommand(['systemd-analyze', 'verify', '--man=no', path]);
    expect({ code, stdout, stderr }).to.deep.equal({ code: 0, stdout: '', stderr: '' });
  });

  it('is exposed to no more than 2 of 10 by the measure of systemd', async () => {
    const analyse = ['systemd-analyze', 'security', '--offline=yes', '--threshold=20', '--no-pager', path];
    const { code, stdout } = await runCommand(analyse);
    expect(code, stdout).to.equal(0);
    expect(stdout).to.match(/Overall exposure level for hexado\.service: \d\.\d OK/);
  });

  it('sets settings that exist, and no secret among them', () => {
    const names = [...unit.matchAll(/(?<=^Environment=.*)\b([A-Z_]+)=/gm)].map(([, name]) => name);
    expect(names).to.have.length.greaterThan(4);
    expect(['NODE_ENV', ...Object.keys(variables)]).to.include.members(names);
    expect(names.filter((name) => /(?:KEYS?|PASSWORD)$/.test(name ?? ''))).to.deep.equal([]);
  });

  it('sends the signals that the server understands, to its first process only', () => {
    expect(unit)
      .to.match(/^ExecReload=\/bin\/kill -HUP \$MAINPID$/m)
      .and.match(/^KillMode=mixed$/m)
      .and.match(/^LoadCredential=redis-password:/m);
  });
});
