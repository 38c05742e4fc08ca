// What the scripts that install programs for the tests have in common.
import { spawnSync } from 'node:child_process';

/** Whether there is such a program; `flag` makes it say its version and end. */
export function isInstalled(program, flag = '--version') {
  return succeeds(program, [flag]);
}

/** Installs a package with Debian's or Alpine's package manager, if this may be done here. */
export function install({ apt, apk }) {
  return process.getuid?.() === 0 && (installWithApt(apt) || installWithApk(apk));
}

/** Runs a command that says nothing. */
export function succeeds(command, args) {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

/** Runs a command whose output is shown. */
export function run(command, args, environment = {}) {
  return spawnSync(command, args, { stdio: 'inherit', env: { ...process.env, ...environment } }).status === 0;
}

function installWithApt(name) {
  if (!isInstalled('apt-get')) return false;
  // The tests start servers of their own; run level 1 keeps the package from starting one for the whole machine.
  const environment = { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  return run('apt-get', ['update'], environment) && run('apt-get', ['install', '-y', name], environment);
}

function installWithApk(name) {
  return isInstalled('apk') && run('apk', ['add', name]);
}
