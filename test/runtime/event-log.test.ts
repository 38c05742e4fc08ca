import { stripVTControlCharacters } from 'node:util';
import { expect } from 'chai';
import { eventLog } from '../../src/runtime/event-log.js';
import { RecordedLog } from '../support/recorded-log.js';
import { run, runCommand, program, ServerProcess, type LoggedLine } from '../support/server-process.js';
import { signingKey } from '../support/running-server.js';

const failed = { event: 'sign_in_failed', address: '192.0.2.1', reason: 'unknown_user' } as const;

describe('eventLog', () => {
  it('leaves letters, digits, punctuation and quotes in a name as they are', () => {
    for (const name of ['maria', '李雷', 'o"neill', 'a b', '"event":"sign_in_failed"', 'ａ😀', '\\n'])
      expect(logged(name)).to.equal(name);
  });

  for (const [what, character] of [
    ['a line break', '\n'],
    ['the start of a terminal command', '\u001b'],
    ['the same in one character', '\u009b'],
    ['a line separator', '\u2028'],
    ['a paragraph separator', '\u2029'],
    ['a next line', '\u0085'],
    ['a right-to-left override', '\u202e'],
    ['a byte order mark', '\ufeff'],
    ['half of a character', '\ud83d'],
  ] as const) {
    it(`puts U+FFFD in the place of ${what}`, () => {
      expect(logged(`a${character}b`)).to.equal('a\ufffdb');
    });
  }
});

describe('the events in the log of a server', () => {
  const servers: ServerProcess[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.kill();
  });

  async function start(environment: Readonly<Record<string, string>> = {}): Promise<ServerProcess> {
    const settings = { SIGNING_KEY: signingKey, BCRYPT_COST: '4', ...environment };
    const server = await ServerProcess.start(settings);
    servers.push(server);
    return server;
  }

  it('are one line each, with the event before its own fields', async () => {
    const server = await start();
    const line = await failedSignIn(server, 'nobody');
    expect(line).to.include({ level: 30, msg: 'A sign-in failed' });
    expect(server.stdout).to.match(
      /^\{"level":30,"time":"[^"]+","pid":\d+,"hostname":"[^"]+","event":"sign_in_failed","address":"127\.0\.0\.1","username":"nobody","reason":"unknown_user","msg":"A sign-in failed"\}$/m,
    );
  });

  it('are a registration, a session opened and sessions ended, and refreshes at the level debug', async () => {
    const events = ['user_registered', 'session_opened', 'session_ended'];
    expect(await eventsOfAVisit(await start())).to.deep.equal(events);
    expect(await eventsOfAVisit(await start({ LOG_LEVEL: 'debug' }))).to.deep.equal(
      events.toSpliced(2, 0, 'token_refreshed'),
    );
  });

  it('are none with LOG_EVENTS=off', async () => {
    const server = await start({ LOG_EVENTS: 'off' });
    await server.call('POST', '/api/token/', { username: 'nobody', password: 'x' });
    expect(await eventsOfAVisit(server)).to.deep.equal([]);
  });

  /** What stands in the log for a name that was tried at a server with this environment. */
  async function digestOf(environment: Readonly<Record<string, string>>, username: string): Promise<string> {
    const server = await start({ LOG_EVENTS: 'digest', ...environment });
    const { username: digest } = await failedSignIn(server, username);
    expect(server.stdout).not.to.include(username);
    return String(digest);
  }

  it('have with LOG_EVENTS=digest a digest for a name, the same with the same key and no other', async () => {
    const digest = await digestOf({}, 'Tr0ubadour');
    expect(digest).to.match(/^[\w-]{22}$/);
    expect(await digestOf({}, 'Tr0ubadour')).to.equal(digest);
    expect(await digestOf({}, 'Tr0ubadours')).not.to.equal(digest);
    expect(await digestOf({ SIGNING_KEY: signingKey.toUpperCase() }, 'Tr0ubadour')).not.to.equal(digest);
  });
});

describe('the log at a terminal', () => {
  const escape = '\u001b';

  it('has lines for people, with colours', async () => {
    const text = await screen({ TERM: 'xterm' });
    expect(stripVTControlCharacters(text)).to.match(/^\[\d\d:\d\d:\d\d\] WARN: BCRYPT_COST=4 makes/m);
    expect(text).to.include(`${escape}[33mWARN`).and.not.include('{"level"');
  });

  it('has no colours with NO_COLOR', async () => {
    const text = await screen({ TERM: 'xterm', NO_COLOR: '1' });
    expect(text).to.match(/^\[\d\d:\d\d:\d\d\] WARN: BCRYPT_COST=4 makes/m);
    expect(text).not.to.include(escape);
  });

  it('has JSON lines where standard output is a file or a pipe', async () => {
    const environment = { STORAGE: './missing.js', SIGNING_KEY: signingKey, BCRYPT_COST: '4' };
    const { stdout } = await run([], { environment });
    expect(stdout).to.match(/^\{"level":40,"time":"[^"]+",.*"msg":"BCRYPT_COST=4 makes/m);
  });
});

/** How a user name stands in the log. */
function logged(username: string): unknown {
  const log = new RecordedLog();
  eventLog(log)({ ...failed, username });
  return Reflect.get(log.lines[0]?.fields ?? {}, 'username');
}

/** Tries to sign in, and returns the line about that. */
async function failedSignIn(server: ServerProcess, username: string): Promise<LoggedLine> {
  await server.call('POST', '/api/token/', { username, password: 'Xk9-fence-Orbit' });
  return server.logged(({ event }) => event === 'sign_in_failed');
}

/** The names and events that a visit logs. */
async function eventsOfAVisit(server: ServerProcess): Promise<unknown[]> {
  const { access, refresh } = await server.registerAndSignIn();
  await server.call('POST', '/api/token/refresh/', { refresh });
  await server.call('POST', '/api/logout/all/', undefined, access);
  await server.call('GET', '/tasks/', undefined, 'the last');
  await server.logged(({ status }) => status === 401);
  return server.log.map(({ event }) => event).filter((event) => event !== undefined);
}

/** What a terminal shows of a server that cannot start with two workers, whose supervisor logs warnings before. */
async function screen(environment: Readonly<Record<string, string>>): Promise<string> {
  const command = `exec "${process.execPath}" "${program}"`;
  const { stdout } = await runCommand(['script', '-qec', command, '/dev/null'], {
    environment: {
      STORAGE: './missing.js',
      SIGNING_KEY: signingKey,
      BCRYPT_COST: '4',
      WORKERS: '2',
      ...environment,
    },
  });
  return stdout;
}
