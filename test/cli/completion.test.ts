import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import { completionScript } from '../../src/cli/completion.js';
import { firstWords, verbsOf } from '../../src/cli/command-table.js';
import { runCommand } from '../support/server-process.js';

type Shell = Parameters<typeof completionScript>[0];

/** For each shell, a program that prints what completes the words, the last of which is being typed, line by line. */
const completing: Readonly<Record<Shell, (script: string, words: readonly string[]) => readonly string[]>> = {
  bash: (script, words) => [
    'bash',
    '--norc',
    '-c',
    `${script}\nCOMP_WORDS=("$@") COMP_CWORD=$(($#-1)); _hexado; printf '%s\\n' "\${COMPREPLY[@]}"`,
    'bash',
    ...words,
  ],
  // zsh completes in a terminal only. Its own functions are replaced by some that print what they get.
  zsh: (script, words) => [
    'zsh',
    '-fc',
    `compdef() {}; _files() print -l -- *; _describe() { local -a all=("\${(@P)2}"); print -l -- "\${(@)all%%:*}" }
${script}\nwords=("$@") CURRENT=$# PREFIX=$@[-1]; _hexado`,
    'zsh',
    ...words,
  ],
  fish: (script, words) => ['fish', '--no-config', '-c', `${script}\ncomplete -C '${words.join(' ')}'`],
};

/** Those of the shells that this machine has. */
const shells = (['bash', 'zsh', 'fish'] as const).filter((shell) => !spawnSync(shell, ['-c', 'true']).error);

it('the completion is tried in bash at least', () => {
  expect(shells).to.include('bash');
});

for (const shell of shells) {
  describe(`the completion in ${shell}`, () => {
    it('offers the first words of all commands', async () => {
      expect(await completionsIn(shell, 'hexado ')).to.have.members(firstWords);
      expect(await completionsIn(shell, 'hexado us')).to.deep.equal(['user']);
    });

    it('offers the verbs behind their word', async () => {
      expect(await completionsIn(shell, 'hexado user ')).to.have.members(verbsOf('user'));
      expect(await completionsIn(shell, 'hexado user set')).to.deep.equal(['set-password']);
    });

    it('offers options behind a hyphen', async () => {
      expect(await completionsIn(shell, 'hexado user list --h')).to.deep.equal(['--help']);
      expect(await completionsIn(shell, 'hexado user delete ann --h')).to.deep.equal(['--help']);
      expect(await completionsIn(shell, 'hexado user create ann --s')).to.deep.equal(['--staff']);
      expect(await completionsIn(shell, 'hexado audit --li')).to.deep.equal(['--limit']);
    });

    it('offers files where a command takes one', async () => {
      expect(await completionsIn(shell, 'hexado keys new packa')).to.include('package.json');
    });

    it('offers nothing where a name stands', async () => {
      expect(await completionsIn(shell, 'hexado user create ')).to.deep.equal([]);
    });
  });
}

async function completionsIn(shell: Shell, line: string): Promise<string[]> {
  const command = completing[shell](completionScript(shell), line.split(' '));
  const { code, stdout, stderr } = await runCommand(command);
  expect({ code, stderr }, line).to.deep.equal({ code: 0, stderr: '' });
  const typed = line.split(' ').at(-1) ?? '';
  const words = stdout.split('\n').map((each) => each.split('\t')[0] ?? '');
  return words.filter((word) => word !== '' && word.startsWith(typed));
}
