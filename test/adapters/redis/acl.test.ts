import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { documentedRules } from '../../support/redis-user.js';

const folder = 'src/adapters/redis';

/** Commands that the connections send: the client library, the health check, the warnings. */
const ofConnections = [
  'evalsha',
  'eval',
  'ping',
  'info',
  'config|get',
  'select',
  'wait',
  'cluster|slots',
  'cluster|info',
  'client|setname',
  'readonly',
  'asking',
];

describe('the user of Redis in docs/operations.md', () => {
  it('may execute exactly the commands that are used', () => {
    const code = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => ({ file, text: readFileSync(join(folder, file), 'utf8') }));
    const inScripts = code.flatMap(({ text }) =>
      [...text.matchAll(/redis\.p?call\('([A-Z]+)'/g)].map(([, name]) => name?.toLowerCase()),
    );
    const direct = code
      .filter(({ file }) => /repository|rate-limiter|health|layout|archive|members/.test(file))
      .flatMap(({ text }) => [...text.matchAll(/\bclient\.([a-z]+)\(/g)].map(([, name]) => name));
    const rules = documentedRules().redis;
    const granted = rules.filter((rule) => rule.startsWith('+')).map((rule) => rule.slice(1));
    expect(inScripts).to.include('zadd');
    expect(granted).to.have.members([...new Set([...inScripts, ...direct, ...ofConnections])]);
    expect(rules.filter((rule) => !rule.startsWith('+'))).to.have.members([
      '~hexado:*',
      'resetchannels',
      '-@all',
    ]);
  });
});
