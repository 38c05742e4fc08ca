// The tests of the deploy files run what reads them. npm runs this before them: it installs what is missing.
import { install, isInstalled } from './system-packages.js';

const tools = [
  { program: 'busybox', flag: '--help', apt: 'busybox', apk: 'busybox' },
  { program: 'promtool', flag: '--version', apt: 'prometheus', apk: 'prometheus' },
  { program: 'fail2ban-regex', flag: '--version', apt: 'fail2ban', apk: 'fail2ban' },
  { program: 'systemd-analyze', flag: '--version', apt: 'systemd', apk: 'systemd' },
];

for (const { program, flag, ...packages } of tools) {
  if (isInstalled(program, flag)) continue;
  console.log(`There is no ${program} on this machine; getting one for the tests.`);
  if (install(packages) && isInstalled(program, flag)) continue;
  console.error(`The tests need ${program}: apt-get install ${packages.apt}.`);
  process.exitCode = 1;
}
