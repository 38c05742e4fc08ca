// The tests of the storage in PostgreSQL run against a real server. npm runs this before them: it installs one where there
// is none.
import { existsSync, readdirSync } from 'node:fs';
import { install } from './system-packages.js';

const versions = '/usr/lib/postgresql'; // Where Debian keeps the programs of each, outside the PATH.

if (!hasServer() && !installPostgresql()) {
  console.error('The tests need PostgreSQL as Debian has it: install it (apt-get install postgresql).');
  process.exitCode = 1;
}

function installPostgresql() {
  console.log('There is no PostgreSQL on this machine; getting one for the tests.');
  return install({ apt: 'postgresql' }) && hasServer();
}

/** The client alone has a folder there, too. */
function hasServer() {
  return (
    existsSync(versions) && readdirSync(versions).some((each) => existsSync(`${versions}/${each}/bin/initdb`))
  );
}
