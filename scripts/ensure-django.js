// The tests of moving in from Django run a real one. npm runs this before them: it installs Debian's where there is none.
import { install, succeeds } from './system-packages.js';

/** Debian's own Python: another one in the PATH would not find its packages. */
const python = '/usr/bin/python3';
const isThere = () => succeeds(python, ['-c', 'import django, rest_framework, rest_framework_simplejwt']);

if (!isThere() && !installDjango()) {
  console.error(
    'The tests need Django as Debian has it: install it (apt-get install python3-djangorestframework-simplejwt).',
  );
  process.exitCode = 1;
}

function installDjango() {
  console.log('There is no Django on this machine; getting one for the tests.');
  return install({ apt: 'python3-djangorestframework-simplejwt' }) && isThere();
}
