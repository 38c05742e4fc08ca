// Writes docs/configuration.md and .env.example from the program's own table of settings. With --check it writes nothing, and
// fails if one of them is out of date. It needs a build.
import { readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { variables } from '../dist/src/config/variables.js';

const settings = Object.entries(variables).map(([name, { default: value, description }]) => ({
  name,
  value,
  description,
}));

/** What somebody who copies .env.example has to set; all else is commented out. */
const essential = {
  STORAGE: 'redis',
  REDIS_URL: 'redis://127.0.0.1:6379',
  SIGNING_KEY: '',
};

const configuration = `# Configuration

<!-- Written by \`npm run docs\` from the table in the code. Change it there. -->

Settings are environment variables. Every command also reads them from a file, with \`--env-file FILE\` or
\`HEXADO_CONFIG=FILE\`: copy [\`.env.example\`](../.env.example). What the environment sets wins. \`node dist/src/main.js help settings\` prints this list.

- A variable that is empty counts as not set.
- Wrong settings end the start with exit code 78, and one line for each problem. A name that is nearly that of a setting is a
  warning.
- Outside of memory a signing key is required: \`SIGNING_KEY\`, \`SIGNING_KEY_FILE\` or \`SIGNING_KEYS_FILE\`.
- Times are a whole number and a unit: \`90s\`, \`30m\`, \`12h\`, \`7d\`. Sizes: \`65536b\`, \`100kb\`, \`64mb\`, \`1gb\`. Rate limits are a
  number and a time, \`30/5m\`, or \`off\`: so many at once, then evenly more (a leaky bucket).

| name | default | meaning |
| --- | --- | --- |
${settings.map(({ name, value, description }) => `| \`${name}\` | ${value} | ${description} |`).join('\n')}
`;

const environment = `# Copy to .env, fill in, and start with: hexado --env-file .env
# Make a SIGNING_KEY with: openssl rand -hex 32
${settings
  .filter(({ name }) => name !== 'HEXADO_CONFIG')
  .map(({ name, value, description }) => {
    const line = name in essential ? `${name}=${essential[name]}` : `#${name}=`;
    return `\n# ${description} (default: ${value})\n${line}\n`;
  })
  .join('')}`;

const files = {
  'docs/configuration.md': await format(configuration, {
    ...(await resolveConfig('docs/configuration.md')),
    parser: 'markdown',
  }),
  '.env.example': environment,
};
for (const [path, text] of Object.entries(files)) {
  if (!process.argv.includes('--check')) writeFileSync(path, text);
  else if (readFileSync(path, 'utf8') !== text) {
    console.error(`${path} is out of date: npm run docs`);
    process.exitCode = 1;
  }
}
