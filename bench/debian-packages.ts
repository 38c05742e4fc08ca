import { spawnSync } from 'node:child_process';

/** Sees to it that a program is there, and installs its Debian packages where it is not. Answers whether it is. */
export function haveProgram(command: string, args: readonly string[], packages: readonly string[]): boolean {
  return works(command, args) || (installed(packages) && works(command, args));
}

function works(command: string, args: readonly string[]): boolean {
  const { error } = spawnSync(command, args, { stdio: 'ignore' });
  return error === undefined;
}

/** Whether Python knows some modules, its packages installed where it does not. */
export function havePythonModules(modules: readonly string[], packages: readonly string[]): boolean {
  const know = () => succeeds(systemPython, ['-c', `import ${modules.join(', ')}`]);
  return know() || (installed(packages) && know());
}

/** The one that Debian's packages are installed for. */
export const systemPython = '/usr/bin/python3';

function installed(packages: readonly string[]): boolean {
  console.log(`Installing ${packages.join(', ')}.`);
  // Run level 1 keeps a package from starting its server for the whole machine.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const install = ['install', '--yes', '--no-install-recommends', ...packages];
  return succeeds('apt-get', ['update'], env) && succeeds('apt-get', install, env);
}

function succeeds(command: string, args: readonly string[], env = process.env): boolean {
  return spawnSync(command, args, { stdio: 'ignore', env }).status === 0;
}
