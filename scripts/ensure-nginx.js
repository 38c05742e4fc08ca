// The tests of several servers behind a proxy run nginx. npm runs this before them: it installs it where there is none.
import { install, isInstalled } from './system-packages.js';

if (!isInstalled('nginx', '-v') && !installNginx()) {
  console.error(
    'The tests need nginx: install it (apt-get install nginx, apk add nginx, brew install nginx).',
  );
  process.exitCode = 1;
}

function installNginx() {
  console.log('There is no nginx on this machine; getting one for the tests.');
  return install({ apt: 'nginx', apk: 'nginx' }) && isInstalled('nginx', '-v');
}
