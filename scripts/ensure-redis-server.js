// The tests of the Redis storage run against a real server. npm runs this before them: it installs one where there is none.
import { install, isInstalled, run, succeeds } from './system-packages.js';

if (!isInstalled('redis-server') && !isInstalled('valkey-server') && !installRedis()) {
  console.error(
    'The tests need redis-server: install it (apt-get install redis-server, apk add redis, brew install redis) or start Docker.',
  );
  process.exitCode = 1;
}

// With openssl they make certificates for Redis.
if (!isInstalled('openssl', 'version') && !install({ apt: 'openssl', apk: 'openssl' })) {
  console.error(
    'The tests need openssl: install it (apt-get install openssl, apk add openssl, brew install openssl).',
  );
  process.exitCode = 1;
}

function installRedis() {
  console.log('There is no redis-server on this machine; getting one for the tests.');
  if (install({ apt: 'redis-server', apk: 'redis' }) && isInstalled('redis-server')) return true;
  return succeeds('docker', ['info']) && run('docker', ['pull', 'redis:7']);
}
