import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { ConfigError, readConfig } from '../../src/config/config.js';

const key = 'q8Jd0_u3mXbW-9sLrTz5vKcY7nEhGfAe';
const dayIn = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
const read = (environment: Readonly<Record<string, string>>) =>
  readConfig({ SIGNING_KEY: key, ...environment });

function problemsOf(environment: Readonly<Record<string, string>>): readonly string[] {
  try {
    read(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('the settings of tokens of the replaced backend', () => {
  it('accept none by default', () => {
    expect(read({}).legacyTokens).to.equal(undefined);
  });

  it('accept them to the end of a day, with a warning at each start', () => {
    const day = dayIn(30);
    const { legacyTokens, warnings } = read({ ACCEPT_LEGACY_TOKENS_UNTIL: day });
    expect(legacyTokens).to.deep.equal({
      key: undefined,
      until: Date.parse(`${day}T00:00:00Z`) / 1000 + 86_400,
    });
    expect(warnings).to.have.length(1);
    expect(warnings[0])
      .to.contain(`ACCEPT_LEGACY_TOKENS_UNTIL=${day}: `)
      .and.to.match(/can sign in as any user/);
  });

  it('are not read where no keys are needed', () => {
    const environment = { LEGACY_SIGNING_KEY_FILE: '/missing', ACCEPT_LEGACY_TOKENS_UNTIL: dayIn(1) };
    expect(readConfig(environment, { readKeys: false }).legacyTokens).to.equal(undefined);
  });

  it('say that a day is over', () => {
    const { legacyTokens, warnings } = read({ ACCEPT_LEGACY_TOKENS_UNTIL: '2020-01-31' });
    expect(legacyTokens?.until).to.equal(Date.UTC(2020, 1, 1) / 1000);
    expect(warnings).to.deep.equal([
      'ACCEPT_LEGACY_TOKENS_UNTIL=2020-01-31 is over: take it out, with LEGACY_SIGNING_KEY.',
    ]);
  });

  it('take a key of any length and strength, from the environment or from a file', () => {
    const directory = mkdtempSync(join(tmpdir(), 'hexado-legacy-'));
    const file = join(directory, 'key');
    writeFileSync(file, 'django-insecure-x\n', { mode: 0o600 });
    for (const given of [
      { LEGACY_SIGNING_KEY: 'django-insecure-x' },
      { LEGACY_SIGNING_KEY_FILE: file },
    ] as Readonly<Record<string, string>>[]) {
      const { legacyTokens } = read({ ...given, ACCEPT_LEGACY_TOKENS_UNTIL: dayIn(1) });
      expect(legacyTokens?.key?.verificationKey.export().toString()).to.equal('django-insecure-x');
    }
    rmSync(directory, { recursive: true });
  });

  for (const [what, environment, problem] of [
    [
      'a day more than 100 days ahead',
      { ACCEPT_LEGACY_TOKENS_UNTIL: dayIn(101) },
      /at most 100 days ahead\.$/,
    ],
    [
      'what is no day',
      { ACCEPT_LEGACY_TOKENS_UNTIL: '2027-02-30x' },
      /expected a day, such as 2027-01-31\.$/,
    ],
    [
      'a 99th of the month',
      { ACCEPT_LEGACY_TOKENS_UNTIL: '2027-01-99' },
      /expected a day, such as 2027-01-31\.$/,
    ],
    [
      'a key without a day',
      { LEGACY_SIGNING_KEY: 'secret-old' },
      /^LEGACY_SIGNING_KEY without ACCEPT_LEGACY_TOKENS_UNTIL: /,
    ],
    [
      'a key and a file',
      {
        LEGACY_SIGNING_KEY: 'secret-old',
        LEGACY_SIGNING_KEY_FILE: '/x',
        ACCEPT_LEGACY_TOKENS_UNTIL: dayIn(1),
      },
      /set together: keep one of them\.$/,
    ],
    [
      'a file that is missing',
      { LEGACY_SIGNING_KEY_FILE: '/missing', ACCEPT_LEGACY_TOKENS_UNTIL: dayIn(1) },
      /^LEGACY_SIGNING_KEY_FILE=\/missing: the file cannot be read \(ENOENT\)\.$/,
    ],
  ] as const) {
    it(`reject ${what}, without the key in the message`, () => {
      const problems = problemsOf(environment);
      expect(problems).to.have.length(1);
      expect(problems[0]).to.match(problem).and.not.to.contain('secret-old');
    });
  }
});
