// The tests of the Redis storage run against a real server. npm runs this before them: it installs one where there is none.
import { spawnSync } from 'node:child_process';

if (!isInstalled('redis-server') && !isInstalled('valkey-server') && !installRedis()) {
  console.error(
    'The tests need redis-server: install it (apt-get install redis-server, apk add redis, brew install redis) or start Docker.',
  );
  process.exitCode = 1;
}

function installRedis() {
  console.log('There is no redis-server on this machine; getting one for the tests.');
  if (process.getuid?.() === 0 && (installWithApt() || installWithApk()) && isInstalled('redis-server'))
    return true;
  return succeeds('docker', ['info']) && run('docker', ['pull', 'redis:7']);
}

function installWithApt() {
  if (!isInstalled('apt-get')) return false;
  // The tests start servers of their own; run level 1 keeps the package from starting one for the whole machine.
  const environment = { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  return (
    run('apt-get', ['update'], environment) && run('apt-get', ['install', '-y', 'redis-server'], environment)
  );
}

function installWithApk() {
  return isInstalled('apk') && run('apk', ['add', 'redis']);
}

function isInstalled(program) {
  return succeeds(program, ['--version']);
}

/** Runs a command that says nothing. */
function succeeds(command, args) {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

/** Runs a command whose output is shown. */
function run(command, args, environment = {}) {
  return spawnSync(command, args, { stdio: 'inherit', env: { ...process.env, ...environment } }).status === 0;
}
