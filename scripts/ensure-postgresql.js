// The tests of the storage in PostgreSQL run against a real server. npm runs this before them: it installs one where there
// is none.
import { existsSync } from 'node:fs';
import { install } from './system-packages.js';

const programs = '/usr/lib/postgresql'; // Where Debian keeps all versions, outside the PATH.

if (!existsSync(programs) && !installPostgresql()) {
  console.error('The tests need PostgreSQL as Debian has it: install it (apt-get install postgresql).');
  process.exitCode = 1;
}

function installPostgresql() {
  console.log('There is no PostgreSQL on this machine; getting one for the tests.');
  return install({ apt: 'postgresql' }) && existsSync(programs);
}
